import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detectLevel } from '../../model/detect-level.ts';
import { LEVELS, levelName } from '../../model/level.ts';
import { LEVEL_WORDS } from '../../model/level-words.ts';
import { canonicalLevel } from '../../model/query/build.ts';
import { dose } from '../doses.ts';

const encoder = new TextEncoder();

function detect(line: string): string {
  const bytes = encoder.encode(`before ERROR\n${line}\nFATAL after`);
  const start = 13;
  return levelName(detectLevel(bytes, start, start + encoder.encode(line).length)) ?? 'none';
}

const LINES: [level: string, line: string][] = [
  // Java: logback, log4j, JUL, Tomcat, Spring Boot, GC
  ['info', '2026-11-21 10:24:57.961  INFO 1 --- [main] o.s.b.w.e.tomcat.TomcatWebServer : Tomcat started on port 8080'],
  [
    'error',
    '2026-11-21 10:24:57.961 [http-nio-8080-exec-12] ERROR c.f.pay.client.BankClient - 调用银行网关超时 cost=3004ms',
  ],
  ['warn', '2026-11-21 10:24:57,961 WARN  [shop-pay-2] c.f.pay.notify.CallbackJob: queue is long'],
  ['debug', '10:24:57.961 [main] DEBUG org.hibernate.SQL - select ERROR from t'],
  ['trace', '[2026-11-21 10:24:57,961] TRACE Processing (kafka.server.KafkaApis)'],
  ['info', '[2026-11-21 10:24:57,961] INFO [GroupCoordinator 0]: Stabilized group (kafka.coordinator)'],
  ['fatal', '2026-11-21 10:24:57,961 FATAL [main] org.apache.hadoop.hdfs.server.namenode.NameNode: Failed to start'],
  ['error', 'SEVERE: Error listenerStart'],
  ['warn', 'WARNING: An illegal reflective access operation has occurred'],
  [
    'error',
    '21-Nov-2026 10:24:57.961 SEVERE [main] org.apache.catalina.core.StandardContext.startInternal One or more listeners failed',
  ],
  ['debug', 'FINE: entering method'],
  ['trace', 'FINEST: detail'],
  ['debug', 'CONFIG: loaded from /etc/app'],
  ['info', 'INFO  [main] 2026-11-21 10:24:57,961 CassandraDaemon.java:507 - Hostname: c1'],
  ['info', '[0.123s][info][gc] GC(0) Pause Young (Normal)'],
  ['warn', '[0.123s][warning][os,thread] Failed to start thread'],
  ['error', 'java.lang.NullPointerException: Cannot invoke "String.length()"'],
  ['error', 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space'],
  ['error', 'com.fleet.pay.BankException'],
  ['warn', '2026-11-21T10:24:57.961+08:00  WARN 7 --- [nio-exec-3] c.f.Order   : 库存不足'],
  [
    'info',
    '081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_38865049064139660 terminating',
  ],
  ['error', '【订单】ERROR 支付失败'],
  ['error', '2026-11-21 10:24:57|ERROR|order|支付失败'],
  ['info', '2026-11-21 10:24:57 | INFO | order | ok'],
  // Python
  ['warn', 'WARNING:root:disk is filling'],
  ['error', 'ERROR:django.request:Internal Server Error: /api'],
  ['fatal', '2026-11-21 10:24:57,961 - app.main - CRITICAL - cannot go on'],
  ['info', '2026-11-21 10:24:57,961 - app.main - INFO - ready'],
  ['error', '[2026-11-21 10:24:57,961: ERROR/MainProcess] consumer: Cannot connect to amqp'],
  ['info', '[2026-11-21 10:24:57 +0000] [1] [INFO] Booting worker with pid: 7'],
  ['info', 'INFO:     127.0.0.1:5000 - "GET / HTTP/1.1" 200 OK'],
  ['error', 'Traceback (most recent call last):'],
  ['error', "ValueError: invalid literal for int() with base 10: 'x'"],
  ['info', '[I 261121 10:24:57 web:2239] 200 GET / (127.0.0.1) 1.02ms'],
  ['warn', '[W 261121 10:24:57 web:2239] 404 GET /x'],
  ['error', '[E 261121 10:24:57 app:10] oops'],
  // Go: glog, klog, zap, logrus, slog, zerolog, panics
  ['error', 'E1121 10:24:57.961234       1 reflector.go:138] failed to list *v1.Pod'],
  ['warn', 'W1121 10:24:57.961234   12345 cni.go:239] Unable to update cni config'],
  ['info', 'I1121 10:24:57.961234       1 main.go:10] started'],
  ['fatal', 'F1121 10:24:57.961234       1 main.go:10] no config'],
  ['error', 'time="2026-11-21T10:24:57Z" level=error msg="failed" errors=0'],
  ['warn', 'time=2026-11-21T10:24:57.961Z level=WARN msg="slow" took=5s'],
  ['info', 'level=info ts=2026-11-21T10:24:57.961Z caller=main.go:12 msg="error free"'],
  ['debug', 'ts=2026-11-21T10:24:57.961Z lvl=dbug msg=x'],
  ['info', 't=2026-11-21T10:24:57+0000 lvl=info msg="Starting Grafana" logger=server'],
  ['warn', 'severity="WARNING" message="hi"'],
  ['info', '2026-11-21T10:24:57.961Z\tinfo\tpkg/server.go:10\tstarted'],
  ['error', '2026-11-21T10:24:57.961Z\terror\tpkg/server.go:10\tinfo lost'],
  ['info', '10:24AM INF starting service=x'],
  ['error', '10:24AM ERR failed error="x"'],
  ['warn', '2026-11-21T10:24:57Z WRN slow'],
  ['debug', '2026-11-21T10:24:57Z DBG x'],
  ['fatal', '10:24AM FTL cannot start'],
  ['fatal', 'panic: runtime error: index out of range [5] with length 3'],
  ['fatal', 'fatal: not a git repository'],
  ['none', 'goroutine 1 [running]:'],
  // Node
  ['error', 'Error: connect ECONNREFUSED 127.0.0.1:6379'],
  ['error', "TypeError: Cannot read properties of undefined (reading 'id')"],
  ['error', 'error: unhandled rejection'],
  ['info', 'info: listening on 3000'],
  ['warn', '2026-11-21T10:24:57.961Z warn: retrying in 5 s'],
  ['error', 'npm ERR! code ELIFECYCLE'],
  ['warn', 'npm WARN deprecated request@2.88.2'],
  ['error', '[10:24:57] [ERROR] Plugin failed'],
  ['info', '\x1b[32minfo\x1b[39m: ready'],
  ['error', '\x1b[31mERROR\x1b[0m cannot connect'],
  ['info', '[32mINFO[0m coloured'.replaceAll('[', '\x1b[')],
  ['none', 'Server listening at http://127.0.0.1:3000'],
  // .NET
  ['info', 'info: Microsoft.Hosting.Lifetime[14]'],
  ['error', 'fail: Microsoft.AspNetCore.Server.Kestrel[13]'],
  ['fatal', 'crit: Microsoft.AspNetCore.Hosting.Diagnostics[6]'],
  ['debug', 'dbug: App[0]'],
  ['trace', 'trce: App[0]'],
  ['warn', 'warn: Microsoft.EntityFrameworkCore[10400]'],
  ['info', '[10:24:57 INF] Now listening on: http://localhost:5000'],
  ['error', '[10:24:57 ERR] HTTP GET / responded 500'],
  ['trace', '[10:24:57 VRB] tick'],
  ['error', '2026-11-21 10:24:57.9612|ERROR|App.Program|stopped'],
  ['fatal', '2026-11-21 10:24:57.9612|FATAL|App.Program|stopped'],
  // JSON
  ['warn', '{"level":"warn","msg":"x"}'],
  ['info', '{"level":30,"time":1795132800123,"pid":1,"msg":"ERROR in text"}'],
  ['error', '{"time":1795132800123,"level":50,"msg":"x"}'],
  ['fatal', '{"name":"app","level":60,"msg":"x"}'],
  ['trace', '{"level":10}'],
  ['error', '{"severity":"ERROR","message":"x"}'],
  ['info', '{"severity": "NOTICE", "message": "x"}'],
  ['fatal', '{"severity":"EMERGENCY"}'],
  [
    'error',
    `{"@timestamp":"2026-11-21T10:24:57.961Z","@version":"1","message":"${'x'.repeat(600)}","logger_name":"c.f.Foo","level":"ERROR"}`,
  ],
  ['info', '{"msg":"level: error","meta":{"level":"error"},"level":"info"}'],
  ['none', '{"meta":{"level":"error"}}'],
  ['none', '{"msg":"an ERROR here"}'],
  ['none', '{}'],
  ['error', '{"@l":"Error","@m":"x"}'],
  ['warn', '{"t":{"$date":"2026-11-21T10:24:57.961+00:00"},"s":"W","c":"NETWORK","id":22120,"msg":"Access control"}'],
  ['error', '{"version":"1.1","host":"h","short_message":"x","level":3}'],
  ['info', '{"version":"1.1","host":"h","short_message":"x","level":6}'],
  ['error', '{"log.level":"error","message":"ecs"}'],
  ['info', ' {"levelname": "INFO", "message": "x"}'],
  ['info', '{"msg":"a \\"level\\":\\"error\\" b","level":"info"}'],
  ['none', '{"level":"banana"}'],
  ['error', '{main} ERROR not json'],
  // web servers and proxies
  [
    'error',
    '2026/11/21 10:24:57 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream',
  ],
  ['warn', '2026/11/21 10:24:57 [warn] 7#7: *1 a client request body is buffered'],
  ['fatal', '2026/11/21 10:24:57 [emerg] 1#1: host not found in upstream "app"'],
  ['fatal', '2026/11/21 10:24:57 [crit] 7#7: *1 SSL_do_handshake() failed'],
  ['info', '2026/11/21 10:24:57 [notice] 1#1: nginx/1.25.3'],
  ['none', '10.0.0.1 - - [21/Nov/2026:10:24:57 +0800] "GET /error HTTP/1.1" 500 1234 "-" "curl/8"'],
  ['error', '[Sat Nov 21 10:24:57.961 2026] [core:error] [pid 1] AH00126: Invalid URI'],
  ['error', '[Sat Nov 21 10:24:57 2026] [error] [client 10.0.0.1] File does not exist'],
  ['info', '[2026-11-21 10:24:57.961][1][info][main] [source/server/server.cc:404] initializing'],
  ['warn', '[WARNING] 325/102457 (1) : Server a/b is DOWN'],
  ['fatal', '[ALERT] 325/102457 (1) : sendmsg failed'],
  // databases
  ['error', '2026-11-21 10:24:57.961 UTC [1] ERROR:  relation "x" does not exist at character 15'],
  ['fatal', '2026-11-21 10:24:57.961 UTC [1] FATAL:  password authentication failed for user "a"'],
  ['fatal', '2026-11-21 10:24:57.961 UTC [1] PANIC:  could not write'],
  ['info', '2026-11-21T10:24:57.961234Z 0 [Note] InnoDB: Starting'],
  ['info', '2026-11-21T10:24:57.961234Z 0 [System] [MY-010931] [Server] ready'],
  ['warn', '2026-11-21T10:24:57.961234Z 0 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.'],
  ['error', '2026-11-21T10:24:57.961234Z 0 [ERROR] [MY-010119] [Server] Aborting'],
  // syslog, PHP, Ruby, Rust, Erlang, containers
  ['error', '<3>kernel: I/O error'],
  ['warn', '<12>1 2026-11-21T10:24:57Z host app - - - text'],
  ['info', '<30>Nov 21 10:24:57 host app[1]: started'],
  ['error', '<err> text'],
  ['warn', 'PHP Warning:  Undefined variable $x in /a.php on line 3'],
  ['fatal', 'PHP Fatal error:  Uncaught Error: Call to undefined function'],
  ['info', 'PHP Notice:  Undefined index'],
  ['error', 'E, [2026-11-21T10:24:57.961 #1] ERROR -- : failed'],
  ['info', 'I, [2026-11-21T10:24:57.961 #1]  INFO -- : started'],
  ['error', '[2026-11-21T10:24:57Z ERROR app::db] connection refused'],
  ['info', '2026-11-21T10:24:57.961234Z  INFO app::server: listening'],
  ['error', '10:24:57.961 [error] GenServer terminating'],
  [
    'info',
    'time="2026-11-21T10:24:57.961Z" level=info msg="loading plugin" id=io.containerd.snapshotter type=io.containerd',
  ],
  ['error', '(ERROR) in parentheses'],
  ['error', '***ERROR*** stars'],
  ['error', '--- FAIL: TestFoo (0.00s)'],
  ['info', 'app | INFO | from compose'],
  // prose and counts: none
  ['none', 'an error occurred while reading'],
  ['none', 'finished with errors=0 warnings=0'],
  ['none', 'error'],
  ['none', 'no information available'],
  ['none', 'ERRORS: 0'],
  ['none', 'MY_ERROR_COUNT=5'],
  ['none', 'x=ERROR'],
  ['none', 'GET /api/INFO/1'],
  ['none', 'the SYSTEM is fine, NOTE that FAIL is a word'],
  ['none', 'debug mode is off'],
  ['none', 'call failed (error)'],
  ['none', 'error rate 5 %'],
  ['none', '订单12345支付失败'],
  ['none', ''],
  ['none', '   '],
  ['none', 'fatalities reported: 0'],
  ['none', 'url=http://x/?level=error'],
  ['none', 'INFORMATIONAL'],
  ['none', `${'x'.repeat(220)} ERROR too late`],
  ['none', 'first line\nERROR second line'],
  ['none', 'warn'],
  ['none', '100% [==] info'],
];

describe('detectLevel', () => {
  test('the table is as long as promised', () => expect(LINES.length).toBeGreaterThanOrEqual(120));

  test.each(LINES)('%s: %s', (level, line) => {
    expect(detect(line)).toBe(level);
  });

  test('every level word counts in upper case with a colon, and agrees with what queries call it', () => {
    for (const word of LEVEL_WORDS) {
      const found = detect(`2026-11-21 10:24:57 ${word.toUpperCase()}: text`);
      expect(LEVELS, word).toContain(found);
      const asked = canonicalLevel(word);
      if (asked !== null) expect(asked, word).toBe(found);
    }
  });

  test('any bytes give an ordinal and read nothing outside their range', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 40 }), (line, rest) => {
        const all = new Uint8Array([...rest, ...line, ...rest]);
        const alone = detectLevel(line, 0, line.length);
        expect(alone).toBeGreaterThanOrEqual(0);
        expect(alone).toBeLessThanOrEqual(6);
        expect(detectLevel(all, rest.length, rest.length + line.length)).toBe(alone);
      }),
      { numRuns: dose(2_000, 50_000) },
    );
  });

  test('forms put together at random read nothing outside their range', () => {
    const piece = fc.constantFrom(
      '{',
      '"level"',
      ':',
      '"warn"',
      '30',
      'level=',
      'ERROR',
      '[',
      ']',
      'error',
      ' ',
      '<3',
      '>',
      'E1121',
      '\x1b[3',
      'PHP ',
      'log.',
      '|',
      '\t',
      'panic',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.array(piece, { maxLength: 3 }), (parts, around) => {
        const line = encoder.encode(parts.join(''));
        const rest = encoder.encode(around.join(''));
        const all = new Uint8Array([...rest, ...line, ...rest]);
        expect(detectLevel(all, rest.length, rest.length + line.length)).toBe(detectLevel(line, 0, line.length));
      }),
      { numRuns: dose(5_000, 100_000) },
    );
  });
});
