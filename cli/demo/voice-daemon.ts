import { address, createStamps, said, shouted, type Voice } from './voice.ts';

const PATHS = [
  '/api/v1/orders',
  '/api/v1/cart',
  '/api/v1/users/me',
  '/api/v1/search',
  '/api/v1/pay/callback',
  '/static/app.js',
];
const AGENTS = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.50',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'okhttp/4.12.0',
  'curl/8.5.0',
];

/** nginx: the combined access log with request time and trace id on stdout, its error log on stderr. */
export function gatewayVoice(): Voice {
  const stamps = createStamps();
  return (random, moment) => {
    const bad = random.chance(moment.burst ? 0.2 : 0.012);
    if (bad && random.chance(0.3)) {
      return shouted(
        `${stamps.second(moment.ms).replaceAll('-', '/')} [error] 29#29: *${random.int(1e7)} upstream timed out (110: Operation timed out) while reading response header from upstream, client: ${address(random)}, server: shop.example, request: "GET ${random.pick(PATHS)} HTTP/1.1", upstream: "http://10.4.${random.int(8)}.${random.int(250)}:8080"`,
      );
    }
    const status = bad
      ? random.pick([500, 502, 502, 504, 503])
      : random.pick([200, 200, 200, 200, 200, 200, 201, 204, 302, 304, 404]);
    const seconds = (random.int(bad ? 3000 : 300) / 1000).toFixed(3);
    return said(
      `${address(random)} - - [${stamps.web(moment.ms)}] "${random.pick(['GET', 'GET', 'GET', 'POST', 'PUT'])} ${random.pick(PATHS)}?id=${random.int(1e6)} HTTP/1.1" ${status} ${random.int(60_000)} "-" "${random.pick(AGENTS)}" rt=${seconds} trace=${moment.trace}`,
    );
  };
}

/** A Hadoop data node's lines, after the shape of the public HDFS samples. */
export function datanodeVoice(): Voice {
  const stamps = createStamps();
  return (random, moment) => {
    const at = stamps.milli(moment.ms, ',');
    const block = `blk_${random.chance(0.5) ? '-' : ''}${random.int(2 ** 31)}${random.int(1e9)}`;
    const u = random.next();
    if (u < (moment.burst ? 0.15 : 0.02)) {
      return said(
        `${at} WARN org.apache.hadoop.hdfs.server.datanode.DataNode: DatanodeRegistration(${address(random)}:50010, storageID=DS-${random.int(1e9)}):Got exception while serving ${block} to /${address(random)}: java.io.IOException: Connection reset by peer`,
      );
    }
    if (u < (moment.burst ? 0.35 : 0.11)) {
      return said(
        `${at} ERROR org.apache.hadoop.hdfs.server.datanode.DataNode: writeBlock ${block} failed, received exception java.io.EOFException`,
      );
    }
    if (u < 0.5) {
      return said(
        `${at} INFO org.apache.hadoop.hdfs.server.datanode.DataNode: Receiving ${block} src: /${address(random)}:${1024 + random.int(60_000)} dest: /${address(random)}:50010`,
      );
    }
    if (u < 0.8) {
      return said(
        `${at} INFO org.apache.hadoop.hdfs.server.datanode.DataNode$PacketResponder: PacketResponder ${random.int(3)} for block ${block} terminating`,
      );
    }
    return said(
      `${at} INFO org.apache.hadoop.hdfs.server.namenode.FSNamesystem: BLOCK* NameSystem.addStoredBlock: blockMap updated: ${address(random)}:50010 is added to ${block} size 67108864`,
    );
  };
}

/** sshd as syslog shows it; most of it is the internet knocking. */
export function bastionVoice(): Voice {
  const stamps = createStamps();
  return (random, moment) => {
    const head = `${stamps.syslog(moment.ms)} ${moment.instance} sshd[${1000 + random.int(30_000)}]: `;
    const from = `${address(random)} port ${1024 + random.int(60_000)}`;
    const u = random.next();
    if (u < 0.3)
      return said(
        `${head}Failed password for invalid user ${random.pick(['admin', 'oracle', 'test', 'git'])} from ${from} ssh2`,
      );
    if (u < 0.5) return said(`${head}Failed password for root from ${from} ssh2`);
    if (u < 0.6) return said(`${head}Accepted publickey for deploy from ${from} ssh2: ED25519 SHA256:${random.hex(5)}`);
    if (u < 0.8) return said(`${head}Received disconnect from ${from}:11: Bye Bye [preauth]`);
    return said(
      `${head}pam_unix(sshd:session): session ${random.pick(['opened', 'closed'])} for user deploy by (uid=0)`,
    );
  };
}

/** Redis; no level words at all. */
export function cacheVoice(): Voice {
  const stamps = createStamps();
  return (random, moment) => {
    const head = `1:M ${stamps.redis(moment.ms)} * `;
    const u = random.next();
    if (u < 0.4) return said(`${head}${random.int(1e4)} changes in 60 seconds. Saving...`);
    if (u < 0.8) return said(`${head}Background saving terminated with success`);
    return said(
      `${head}DB 0: ${random.int(1e6)} keys (${random.int(1e5)} volatile) in ${2 ** (10 + random.int(8))} slots HT.`,
    );
  };
}
