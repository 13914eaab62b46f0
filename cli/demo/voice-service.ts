import { address, cost, createStamps, orderNo, said, shouted, type Voice } from './voice.ts';

/** Rules engine: one JSON object a line, nested fields, now and then a very long one. */
export function riskVoice(): Voice {
  const stamps = createStamps();
  return (random, moment) => {
    const u = random.next();
    const level = u < (moment.burst ? 0.3 : 0.09) ? 'ERROR' : u < 0.15 ? 'WARN' : 'INFO';
    const took = cost(random);
    const head = `{"time":"${stamps.iso(moment.ms)}","level":"${level}","service":"risk","traceId":"${moment.trace}","user":{"id":${random.int(1e6)},"ip":"${address(random)}"},`;
    if (level === 'ERROR') {
      const status = random.pick([500, 500, 502, 503, 504]);
      return said(
        `${head}"status":${status},"costMs":${took + 800},"msg":"score failed","error":"model timeout after ${800 + random.int(400)}ms"}`,
      );
    }
    if (level === 'WARN')
      return said(
        `${head}"status":200,"costMs":${took},"rule":"R${1000 + random.int(300)}","msg":"命中规则 人工复核"}`,
      );
    // Feature dumps pass docker's 16 KiB parts.
    if (u > 0.9999) {
      const features = Array.from({ length: 1300 }, (_, i) => `"f${i}":${random.int(1e9) / 1e6}`).join(',');
      return said(`${head}"status":200,"costMs":${took},"msg":"features","features":{${features}}}`);
    }
    return said(
      `${head}"status":200,"costMs":${took},"score":0.${random.int(1e6)},"decision":"${random.pick(['pass', 'pass', 'pass', 'review'])}","msg":"scored order ${orderNo(random, moment.ms)}"}`,
    );
  };
}

/** A Go service with logfmt (slog's text handler). Errors go to stderr. */
export function searchVoice(): Voice {
  const stamps = createStamps();
  return (random, moment) => {
    const u = random.next();
    const head = `time=${stamps.iso(moment.ms)} `;
    const tail = `trace_id=${moment.trace}`;
    if (u < (moment.burst ? 0.3 : 0.07)) {
      return shouted(
        `${head}level=ERROR msg="search failed" err="context deadline exceeded (Client.Timeout exceeded while awaiting headers)" index=products_v${random.int(9)} status=${random.pick([500, 504, 503])} ${tail}`,
      );
    }
    if (u < 0.1)
      return shouted(
        `${head}level=WARN msg="slow query" took=${500 + random.int(3000)}ms q="${random.pick(['手机', '连衣裙', 'shoes', '充电宝'])}" ${tail}`,
      );
    if (u < 0.18) return said(`${head}level=DEBUG msg="cache miss" key=q:${random.hex(2)} ${tail}`);
    return said(
      `${head}level=INFO msg="search" q="${random.pick(['手机壳', '运动鞋', 'usb cable', 'coffee', '羽绒服'])}" hits=${random.int(10_000)} took=${cost(random)}ms page=${random.int(20)} ${tail}`,
    );
  };
}

const PINO = { debug: 20, info: 30, warn: 40, error: 50 } as const;

/** A Node service with pino's JSON: levels are numbers, times are epoch milliseconds. */
export function notifyVoice(): Voice {
  return (random, moment) => {
    const u = random.next();
    const level = u < (moment.burst ? 0.25 : 0.04) ? 'error' : u < 0.1 ? 'warn' : u < 0.2 ? 'debug' : 'info';
    const head = `{"level":${PINO[level]},"time":${Math.floor(moment.ms)},"pid":7,"hostname":"${moment.instance}","reqId":"req-${random.int(1e6).toString(36)}","traceId":"${moment.trace}"`;
    if (level === 'error') {
      return said(
        `${head},"err":{"type":"Error","message":"sms gateway failed: timeout","stack":"Error: sms gateway failed: timeout\\n    at send (/app/src/sms.js:${random.int(200)}:11)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)"},"msg":"notify failed"}`,
      );
    }
    if (level === 'warn')
      return said(`${head},"phone":"138****${1000 + random.int(9000)}","msg":"rate limited, queued"}`);
    if (level === 'debug') return said(`${head},"template":"T${random.int(99)}","msg":"render"}`);
    return said(
      `${head},"channel":"${random.pick(['sms', 'push', 'email'])}","responseTime":${cost(random)},"msg":"消息已发送"}`,
    );
  };
}

/** A Python worker with tracebacks on stderr. */
export function reportVoice(): Voice {
  const stamps = createStamps();
  return (random, moment) => {
    const at = stamps.milli(moment.ms, ',');
    const u = random.next();
    if (u < (moment.burst ? 0.3 : 0.06)) {
      const line = 20 + random.int(200);
      return shouted(
        `${at} ERROR report.tasks task ${random.hex(4)} failed\nTraceback (most recent call last):\n  File "/app/report/tasks.py", line ${line}, in run\n    rows = self.load(day)\n  File "/app/report/db.py", line ${line + 7}, in load\n    raise OperationalError("lock wait timeout exceeded")\nsqlalchemy.exc.OperationalError: lock wait timeout exceeded; try restarting transaction`,
      );
    }
    if (u < 0.15) return shouted(`${at} WARNING report.tasks 报表 ${random.int(500)} 数据延迟 ${random.int(90)} 分钟`);
    return said(
      `${at} INFO report.tasks task ${random.hex(4)} done rows=${random.int(1e6)} cost=${cost(random)}ms trace=${moment.trace}`,
    );
  };
}
