import type { Random } from './random.ts';
import { cost, createStamps, type Entry, type Moment, money, orderNo, said, type Voice } from './voice.ts';

/** What one Spring service talks about. A phrase may hold everything after the logger's ` : `. */
interface Subject {
  pkg: string;
  loggers: readonly string[];
  debug: readonly Phrase[];
  info: readonly Phrase[];
  warn: readonly Phrase[];
  error: readonly Phrase[];
  /** Share of errors in good minutes, and in bad ones. */
  errors: readonly [number, number];
}
type Phrase = (random: Random, moment: Moment) => string;

const EXCEPTIONS = [
  ['java.net.SocketTimeoutException', 'Read timed out'],
  ['java.lang.NullPointerException', 'Cannot invoke "com.shop.Order.getItems()" because "order" is null'],
  [
    'java.sql.SQLTransientConnectionException',
    'HikariPool-1 - Connection is not available, request timed out after 30000ms',
  ],
  ['org.springframework.dao.DuplicateKeyException', "Duplicate entry '20261121' for key 'uk_order_no'"],
  ['feign.RetryableException', 'connect timeout executing POST http://risk/api/v1/score'],
  ['java.lang.IllegalStateException', '订单状态不允许支付'],
] as const;

const FRAMES = [
  'java.base/java.net.SocketInputStream.socketRead0(Native Method)',
  'org.apache.http.impl.client.CloseableHttpClient.execute(CloseableHttpClient.java:108)',
  'org.springframework.aop.framework.CglibAopProxy$CglibMethodInvocation.proceed(CglibAopProxy.java:753)',
  'org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:897)',
  'com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)',
  'java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1136)',
  'org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run(TaskThread.java:61)',
] as const;

function trace(random: Random, pkg: string): string {
  const [name, message] = random.pick(EXCEPTIONS);
  let out = `\n${name}: ${message}`;
  const frames = 3 + random.int(5);
  for (let i = 0; i < frames; i++) {
    if (random.chance(0.4))
      out += `\n\tat ${pkg}.service.impl.BaseService.call(BaseService.java:${20 + random.int(400)})`;
    else out += `\n\tat ${random.pick(FRAMES)}`;
  }
  if (random.chance(0.35)) {
    const [cause, why] = random.pick(EXCEPTIONS);
    out += `\nCaused by: ${cause}: ${why}\n\tat ${random.pick(FRAMES)}\n\t... ${10 + random.int(60)} more`;
  }
  return out;
}

/** Spring Boot's console layout with a trace id, as Sleuth and Micrometer write it. */
function spring(subject: Subject): Voice {
  const stamps = createStamps();
  return (random: Random, moment: Moment): Entry => {
    const u = random.next();
    const errors = subject.errors[moment.burst ? 1 : 0];
    const level = u < errors ? 'ERROR' : u < errors + 0.07 ? ' WARN' : u < errors + 0.15 ? 'DEBUG' : ' INFO';
    const phrases =
      level === 'ERROR'
        ? subject.error
        : level === ' WARN'
          ? subject.warn
          : level === 'DEBUG'
            ? subject.debug
            : subject.info;
    const head = `${stamps.milli(moment.ms, '.')} ${level} [${moment.app},${moment.trace}] 1 --- [http-nio-8080-exec-${1 + random.int(40)}] ${random.pick(subject.loggers)} : `;
    const text = head + random.pick(phrases)(random, moment);
    return said(level === 'ERROR' && random.chance(0.22) ? text + trace(random, subject.pkg) : text);
  };
}

export const orderVoice = (): Voice =>
  spring({
    pkg: 'com.shop.order',
    loggers: ['c.s.order.service.OrderService', 'c.s.order.web.OrderController', 'c.s.order.mq.OrderEventListener'],
    debug: [
      (r) => `==> Preparing: select id, order_no, status from t_order where user_id = ? limit ${10 + r.int(90)}`,
      (r) => `cache hit key=order:detail:${r.int(1e7)} ttl=${r.int(3600)}s`,
    ],
    info: [
      (r, m) => `创建订单成功 orderNo=${orderNo(r, m.ms)} userId=${r.int(1e6)} amount=${money(r)} cost=${cost(r)}ms`,
      (r, m) => `订单状态变更 orderNo=${orderNo(r, m.ms)} from=CREATED to=PAID operator=system cost=${cost(r)}ms`,
      (r, m) =>
        `query order detail orderNo=${orderNo(r, m.ms)} userId=${r.int(1e6)} hit=db rows=${1 + r.int(20)} cost=${cost(r)}ms`,
      (r) =>
        `POST /api/v1/orders userId=${r.int(1e6)} items=${1 + r.int(9)} coupon=${r.int(5000)} status=200 cost=${cost(r)}ms`,
      (r, m) => `发送订单消息 topic=order-events key=${orderNo(r, m.ms)} partition=${r.int(12)} offset=${r.int(1e8)}`,
    ],
    warn: [
      (r) => `slow sql ${500 + r.int(4000)}ms: update t_order set status=? where order_no=? and version=${r.int(9)}`,
      (r) => `库存不足 skuId=${r.int(1e6)} need=${1 + r.int(5)} left=0`,
      (r) => `call risk retry=${1 + r.int(3)} reason=connect timeout`,
    ],
    error: [
      (r, m) => `创建订单失败 orderNo=${orderNo(r, m.ms)} 原因=支付超时 userId=${r.int(1e6)}`,
      (r, m) => `create order failed orderNo=${orderNo(r, m.ms)} code=${5000 + r.int(40)} cost=${cost(r)}ms`,
      (r) =>
        `call inventory failed skuId=${r.int(1e6)} status=${r.pick([500, 502, 500, 500, 503])} cost=${1000 + r.int(4000)}ms`,
      (r) => `send order event failed topic=order-events timeout after ${3000 + r.int(27000)}ms`,
    ],
    errors: [0.12, 0.4],
  });

export const payVoice = (): Voice =>
  spring({
    pkg: 'com.shop.pay',
    loggers: ['c.s.pay.service.PayService', 'c.s.pay.callback.CallbackHandler', 'c.s.pay.channel.AlipayChannel'],
    debug: [(r) => `sign ok channel=alipay appId=20210011${r.int(1e8)} nonce=${r.hex(2)}`],
    info: [
      (r, m) =>
        `支付回调处理成功 orderNo=${orderNo(r, m.ms)} channel=${r.pick(['alipay', 'wxpay', 'union'])} amount=${money(r)} cost=${cost(r)}ms`,
      (r, m) => `发起支付 orderNo=${orderNo(r, m.ms)} channel=wxpay amount=${money(r)} prepayId=wx${r.hex(4)}`,
      (r) => `settle batch=${r.int(1e5)} rows=${r.int(2000)} status=DONE cost=${cost(r)}ms`,
    ],
    warn: [
      (r, m) => `支付结果未知，稍后重试 orderNo=${orderNo(r, m.ms)} retry=${1 + r.int(5)}`,
      (r) => `channel wxpay slow cost=${800 + r.int(3000)}ms`,
    ],
    error: [
      (r, m) => `支付回调处理失败 orderNo=${orderNo(r, m.ms)} channel=${r.pick(['alipay', 'wxpay'])} 原因=验签失败`,
      (r, m) => `支付回调处理失败 orderNo=${orderNo(r, m.ms)} 原因=订单不存在 retry=${r.int(6)}`,
      (r, m) => `refund failed orderNo=${orderNo(r, m.ms)} code=ACQ.SYSTEM_ERROR`,
      (r) => `query channel failed: read timeout after ${1000 + r.int(9000)}ms`,
    ],
    errors: [0.12, 0.35],
  });

export const userVoice = (): Voice =>
  spring({
    pkg: 'com.shop.user',
    loggers: ['c.s.user.service.LoginService', 'c.s.user.web.UserController'],
    debug: [(r) => `session refresh sid=${r.hex(4)} userId=${r.int(1e6)}`],
    info: [
      (r) =>
        `login ok userId=${r.int(1e6)} ip=${r.int(223)}.${r.int(255)}.${r.int(255)}.1 device=${r.pick(['ios', 'android', 'web', 'mini'])} cost=${cost(r)}ms`,
      (r) => `GET /api/v1/users/${r.int(1e6)} status=200 cost=${cost(r)}ms`,
      (r) => `用户资料更新 userId=${r.int(1e6)} fields=${r.pick(['nickname', 'avatar', 'address'])}`,
    ],
    warn: [
      (r) => `login failed userId=${r.int(1e6)} reason=captcha expired times=${1 + r.int(4)}`,
      (r) => `登录失败次数过多 userId=${r.int(1e6)} locked=${300 + r.int(600)}s`,
    ],
    error: [
      (r) => `load user failed userId=${r.int(1e6)} status=503 cost=${1000 + r.int(2000)}ms`,
      (r) => `redis command failed: timeout no response in ${1000 + r.int(2000)}ms key=user:session:${r.int(1e6)}`,
      (r) => `decode token failed userId=${r.int(1e6)}`,
      (r) => `sync profile failed userId=${r.int(1e6)} target=crm`,
    ],
    errors: [0.09, 0.3],
  });

export const inventoryVoice = (): Voice =>
  spring({
    pkg: 'com.shop.inventory',
    loggers: ['c.s.inventory.StockService', 'c.s.inventory.job.ReconcileJob'],
    debug: [(r) => `lock stock:${r.int(1e6)} acquired in ${r.int(20)}ms`],
    info: [
      (r) => `扣减库存 skuId=${r.int(1e6)} count=${1 + r.int(5)} left=${r.int(3000)} cost=${cost(r)}ms`,
      (r) => `reconcile warehouse=${r.pick(['HZ', 'SH', 'BJ', 'GZ'])}-${r.int(20)} sku=${r.int(1e5)} diff=0`,
    ],
    warn: [(r) => `stock low skuId=${r.int(1e6)} left=${r.int(5)} threshold=10`],
    error: [
      (r) => `扣减库存失败 skuId=${r.int(1e6)} 原因=乐观锁冲突 retry=${r.int(3)}`,
      (r) => `reconcile failed warehouse=HZ-${r.int(20)}: timeout`,
    ],
    errors: [0.1, 0.3],
  });

export const couponVoice = (): Voice =>
  spring({
    pkg: 'com.shop.coupon',
    loggers: ['c.s.coupon.CouponService'],
    debug: [(r) => `rule eval id=${r.int(5000)} result=${r.chance(0.5)}`],
    info: [
      (r) => `发放优惠券 couponId=${r.int(5000)} userId=${r.int(1e6)} 满${50 + r.int(200)}减${5 + r.int(30)}`,
      (r) => `核销优惠券 couponId=${r.int(5000)} cost=${cost(r)}ms`,
    ],
    warn: [(r) => `优惠券库存告急 couponId=${r.int(5000)} left=${r.int(20)}`],
    error: [
      (r) => `优惠券核销失败 couponId=${r.int(5000)} 原因=已过期`,
      (r) => `grant coupon failed userId=${r.int(1e6)}`,
    ],
    errors: [0.09, 0.3],
  });
