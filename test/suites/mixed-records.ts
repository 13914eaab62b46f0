import { detectLevel } from '../../model/detect-level.ts';
import { levelName } from '../../model/level.ts';
import { FLAG, type LogRecord } from '../../model/record.ts';
import { type Source, STREAMS, type Stream } from '../../model/source.ts';
import { createRandom, type Random } from './random.ts';

/** 2026-11-21 00:00 UTC, µs: the first record's time. */
export const MIXED_START = Date.UTC(2026, 10, 21) * 1000;

const APPS = ['shop-pay', 'shop-order', 'risk', 'gateway', '用户中心', 'Shop-Pay'];
const ENVS = ['prod', 'staging', 'default'];
const HOSTS = ['bj-h01', 'bj-h02', 'sh-h01'];
const BANKS = ['ICBC', 'CMB', 'ABC'];
const CLASSES = [
  'c.f.pay.client.BankClient',
  'c.f.order.OrderService',
  'com.fleet.risk.ScoreGateway',
  'java.util.concurrent.FutureTask',
];
const EXCEPTIONS = ['java.lang.NullPointerException', 'java.net.SocketTimeoutException', 'com.fleet.BankException'];
const HAN = [
  '支付回调处理失败',
  '调用银行网关超时',
  '订单已创建',
  '库存不足，请重试',
  '转入补偿队列',
  '超时重试',
  'ログイン失敗',
  'タイムアウト',
  'ﾀｲﾑｱｳﾄ',
  '연결 시간 초과',
  'ひらがなとカタカナ',
];
const PROSE = [
  'connection refused',
  'timeout while waiting',
  'finished OK',
  'retry failed',
  'Slow request',
  'user logged in',
  'état réseau',
  'Ошибка сети',
  'ΟΔΟΣ σφάλμα',
  'İstanbul',
  'straße',
  'ＦＵＬＬ　ＷＩＤＴＨ',
  '½ ① ⅷ',
  'a_b_c',
  'x'.repeat(300),
  `id_${'9'.repeat(260)} end`,
];
const EMOJI = ['🚀 deployed', '1️⃣ first', '👩‍👩‍👧 family', '💥'];
/** What breaks parsers, codecs and pages. */
const HOSTILE = [
  '',
  ' ',
  '\t',
  '\u0000NUL\u0000',
  '\ufeffbom',
  '\ufffd\ufffd lossy \ufffd',
  '<script>alert(1)</script>',
  '" OR 1=1 --',
  '*',
  '\\',
  '\\u4e2d \\n literal',
  '{"unclosed": "x',
  '{"a":1} trailing',
  '{}',
  '[]',
  'null',
  '=',
  'a=',
  '=b',
  'a="unclosed',
  '__proto__=1 constructor=2',
  '\u202eright to left',
  '\u2028line\u2029separators',
  '\x1b[31mred\x1b[0m',
  'teſt Kelvin',
  '𠀋 astral han 𝒳',
  '%s %d %n',
  'AND OR NOT',
  '../../etc/passwd',
];

function sources(random: Random): Source[] {
  const out: Source[] = [];
  for (const [a, app] of APPS.entries()) {
    for (const host of HOSTS) {
      if (random.chance(0.25)) continue;
      const env = ENVS[(a + host.length + out.length) % ENVS.length];
      const file = random.chance(0.15);
      const name = `${app}-${out.length}`;
      out.push({
        host,
        container: file ? '' : random.hex(64),
        containerName: name,
        image: file ? '' : `registry.local/${app}:2.${a}`,
        version: file ? '' : `2.${a}`,
        app,
        env,
        instance: name,
        path: file ? `/data/logs/${app}/${name}.log` : '',
        reader: file ? 'file' : 'json-file',
        named: { app: 'label fleetlog.app', env: 'env ENVIRONMENT' },
        labels: random.chance(0.3) ? { team: 'pay' } : {},
      });
    }
  }
  return out;
}

function stamp(random: Random): string {
  return `2026-11-21 10:${10 + random.below(50)}:${10 + random.below(50)}.${100 + random.below(900)}`;
}

const MAKERS: ((random: Random) => string)[] = [
  (r) =>
    `${stamp(r)} [http-nio-8080-exec-${r.below(40)}] ${r.pick(['INFO ', 'WARN ', 'ERROR', 'DEBUG'])} ${r.pick(CLASSES)} - ${r.pick(HAN)} bank=${r.pick(BANKS)} orderNo=2026${r.below(1e8)} cost=${r.below(9000)}ms trace=${r.hex(16)}`,
  (r) =>
    `${stamp(r)} ${r.pick(['INFO', 'WARN', 'ERROR', 'FATAL', 'TRACE'])} ${r.pick(CLASSES)} [trace=${r.hex(16)}] ${r.pick(PROSE)} status=${r.pick([200, 404, 500, 503])}`,
  (r) =>
    `${stamp(r)} ERROR ${r.pick(CLASSES)} - ${r.pick(PROSE)}\n${r.pick(EXCEPTIONS)}: ${r.pick(HAN)}\n\tat ${r.pick(CLASSES)}.call(BankClient.java:${r.below(400)})\n\tat java.base/java.lang.Thread.run(Thread.java:1583)\nCaused by: ${r.pick(EXCEPTIONS)}\n\t... ${r.below(40)} more`,
  (r) =>
    JSON.stringify({
      level: r.pick(['info', 'warn', 'error', 30, 50]),
      time: 1_795_132_800_000 + r.below(1e7),
      msg: r.pick([...PROSE, ...HAN]),
      status: r.pick([200, 404, 500, 503, '503', 1.5, -3, 0]),
      user: { id: r.below(50), name: r.pick(['bob', '张三', '']) },
      traceId: r.hex(32),
      ...(r.chance(0.3) ? { tags: [r.pick(BANKS), r.below(3)], degraded: r.chance(0.5), none: null } : {}),
      ...(r.chance(0.2) ? { note: 'quoted "text"\nsecond line\t中文' } : {}),
    }),
  (r) => `{"level":"error","msg":"\\u652f\\u4ed8 failed","cost_ms":${r.below(3000)},"path_x":"C:\\\\logs\\\\a.log"}`,
  (r) =>
    `time=2026-11-21T10:24:57Z level=${r.pick(['info', 'warn', 'error'])} msg="${r.pick(PROSE)}" status=${r.pick([200, 503])} dur=${(r.next() * 10).toFixed(2)} size=${r.below(1e6)} user.id=${r.below(50)}`,
  (r) =>
    `10.0.${r.below(4)}.${r.below(256)} - - [21/Nov/2026:10:24:57 +0800] "${r.pick(['GET', 'POST'])} /api/v1/orders/${r.below(1000)}?x=${r.below(9)} HTTP/1.1" ${r.pick([200, 301, 404, 503])} ${r.below(9999)} "-" "curl/8.${r.below(9)}"`,
  (r) =>
    `2026/11/21 10:24:57 [${r.pick(['error', 'warn', 'notice'])}] 7#7: *${r.below(99)} ${r.pick(PROSE)}, client: 10.0.0.${r.below(9)}`,
  (r) =>
    `E1121 10:24:57.9612 1 reflector.go:${r.below(200)}] ${r.pick(PROSE)} uuid=${r.hex(8)}-${r.hex(4)}-${r.hex(4)}-${r.hex(4)}-${r.hex(12)}`,
  (r) => `${r.pick(HAN)}${r.below(1000)}${r.pick(HAN)}，${r.pick(EMOJI)} ${r.pick(HAN)}`,
  (r) => r.pick(PROSE),
  (r) => r.pick(EMOJI),
  (r) => r.pick(HOSTILE),
  (r) => Array.from({ length: 1 + r.below(12) }, () => String.fromCodePoint(anyCodePoint(r))).join(''),
  (r) => `${r.pick(HOSTILE)}${r.pick(HAN)} ${r.pick(PROSE)}`,
];

function anyCodePoint(random: Random): number {
  const block = random.pick([
    [0x20, 0x7e],
    [0xa0, 0x17f],
    [0x370, 0x4ff],
    [0x3000, 0x30ff],
    [0x4e00, 0x4fff],
    [0xac00, 0xacff],
    [0xff01, 0xffef],
    [0x1f300, 0x1f64f],
    [0x20000, 0x200ff],
  ]);
  return block[0] + random.below(block[1] - block[0] + 1);
}

/** Stack of lifecycle events as the collector publishes them. */
function eventMessage(random: Random): string {
  return random.pick(['start', 'die exitCode=137', 'oom', 'restart', 'create']);
}

/**
 * A seeded mix of what real hosts log: Java with Chinese, traces, JSON, logfmt, nginx, glog, emoji, hostile bytes; several apps, envs,
 * hosts, containers and files, all streams, lifecycle events too. In the order `(time, fid, gen, offset)`; many share a time. Texts are
 * as stores give them back (well formed, joined lines with `\n`).
 */
export function mixedRecords(seed: number, n: number): LogRecord[] {
  const random = createRandom(seed);
  const origins = sources(random).map((source, i) => ({
    source,
    fid: `${random.hex(10)}${(0x1900_0000_0000 + i).toString(16)}${random.hex(10)}`,
    gen: random.below(0x7fff_ffff),
    offset: 0,
  }));
  const records: LogRecord[] = [];
  let time = MIXED_START;
  for (let i = 0; i < n; i++) {
    if (!random.chance(0.3)) time += random.below(400_000);
    const origin = random.pick(origins);
    const event = origin.source.container !== '' && random.chance(0.04);
    const stream: Stream = event
      ? 'event'
      : origin.source.path !== ''
        ? 'file'
        : random.chance(0.8)
          ? 'stdout'
          : 'stderr';
    const message = event ? eventMessage(random) : random.pick(MAKERS)(random).toWellFormed();
    const bytes = new TextEncoder().encode(message);
    const level = event ? null : levelName(detectLevel(bytes, 0, bytes.length));
    const { source, fid, gen } = origin;
    const flags = STREAMS.indexOf(stream) | (message.includes('\ufffd') && random.chance(0.5) ? FLAG.LOSSY : 0);
    records.push({ time, fid, gen, offset: origin.offset, source, stream, level, message, flags });
    origin.offset += bytes.length + 60;
  }
  return records.sort(
    (a, b) => a.time - b.time || (a.fid < b.fid ? -1 : a.fid > b.fid ? 1 : a.gen - b.gen || a.offset - b.offset),
  );
}

export { generatedQueries } from './generated-queries.ts';
