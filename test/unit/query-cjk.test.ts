import { describe, expect, test } from 'vitest';
import { matchRecord } from '../../model/query/match.ts';
import { parseQuery } from '../../model/query/parse.ts';
import { mixedRecords } from '../suites/mixed-records.ts';

const [record] = mixedRecords(1, 1);

const A =
  '2026-11-21 10:24:57 ERROR c.f.pay - 调用银行网关超时 bank=ICBC orderNo=202611211024 cost=3004ms，将进行第 2 次重试';
const B = '支付回调处理失败：订单【12345】状态异常（code：E1001）';
const C = '用户“张三”登录失败，IP：10.0.0.1；原因：密码错误！';
const D = 'ユーザー認証に失敗しました。タイムアウト(30秒)';
const E = 'ﾕｰｻﾞｰ ﾛｸﾞｲﾝ ｴﾗｰ ﾊﾟｽﾜｰﾄﾞ';
const F = '결제 처리 실패: 시간 초과 (30초)';
const G = 'ＥＲＲＯＲ　コード＝５００　ＡＢＣ';
const H = '支付 回调 / 支付-回调 / 支付\n回调';
const I = '{"msg":"支付成功","用户":"李四","amount":100}';
const J = '订单创建order_no=88后推送MQ消息OK';
const K = '𠮷野家 𠀋 々 〇 ㈱ ㍿ ⻌ 中文１２３';
const L = '髙橋さん、東京タワー';

const CASES: [query: string, message: string, found: boolean][] = [
  // any part of a run, and nothing else
  ['超时', A, true],
  ['网关', A, true],
  ['银行网关超时', A, true],
  ['行网', A, true],
  ['时网', A, false],
  ['超', A, true],
  ['关超', A, true],
  ['银行超时', A, false],
  ['银行 超时', A, true],
  ['超时 银行', A, true],
  ['"超时 银行"', A, false],
  ['银* 网*', A, true],
  ['第 2 次', A, true],
  ['第2次', A, true],
  ['"第2次重试"', A, true],
  ['3004ms，将进行', A, true],
  ['进行第3次', A, false],
  // punctuation separates, whichever it is
  ['失败订单', B, true],
  ['失败：订单', B, true],
  ['订单12345', B, true],
  ['订单【12345】', B, true],
  ['状态异常（code：E1001）', B, true],
  ['code：E1001', B, false],
  ['"code：E1001"', B, true],
  ['E1001', B, true],
  ['e100*', B, true],
  ['~"订单【"', B, true],
  ['~"订单12345"', B, false],
  ['处理失败 －订单', B, false],
  ['处理失败 －超时', B, true],
  ['处理失败 NOT 超时', B, true],
  ['（超时 OR 异常） 回调', B, true],
  ['回调（超时 OR 异常）', B, true],
  ['回调（超时 OR 成功）', B, false],
  ['“状态异常”', B, true],
  ['“异常状态”', B, false],
  ['订单＊', B, true],
  ['用户“张三”登录', C, true],
  ['张三登录', C, true],
  ['张三', C, true],
  ['三张', C, false],
  ['“用户“', C, true],
  ['原因：密码错误', C, true],
  ['10.0.0.1', C, true],
  ['IP：10.0.0.1', C, false],
  ['密码错误！', C, true],
  // Hiragana alone, Katakana in runs
  ['失敗しました', D, true],
  ['しました', D, true],
  ['ました', D, true],
  ['に失敗', D, true],
  ['タイムアウト', D, true],
  ['タイム', D, false],
  ['タイム*', D, true],
  ['ユーザー認証', D, true],
  ['ザー認証', D, false],
  ['30秒', D, true],
  // half width
  ['ユーザー', E, true],
  ['ログイン エラー', E, true],
  ['パスワード', E, true],
  ['ﾊﾟｽﾜｰﾄﾞ', E, true],
  ['ハスワート', E, false],
  ['ﾕｰｻﾞ*', E, true],
  ['~"ﾛｸﾞｲﾝ"', E, true],
  ['~"ログイン"', E, false],
  // Korean is runs
  ['결제', F, true],
  ['시간 초과', F, true],
  ['시간초과', F, false],
  ['시*', F, true],
  ['30초', F, true],
  ['초', F, false],
  // full width
  ['error', G, true],
  ['error 500', G, true],
  ['コード=500', G, true],
  ['ａｂｃ', G, true],
  ['abc', G, true],
  ['~"abc"', G, false],
  ['~"ａｂｃ"', G, true],
  // adjacency is by tokens
  ['支付回调', H, true],
  ['~"支付回调"', H, false],
  ['/支付\\n回调/', H, true],
  ['/支付.回调/', H, true],
  ['/支付[^ ]回调.支/', H, false],
  // fields
  ['msg:支付成功', I, true],
  ['msg:支付*', I, true],
  ['msg:支付', I, false],
  ['msg：*成功', I, true],
  ['@"用户":李四', I, true],
  ['用户：李四', I, true],
  ['amount：＞＝100', I, true],
  ['amount：＜100', I, false],
  ['order_no:88后推送MQ消息OK', J, true],
  ['order_no', J, true],
  ['88后推送', J, true],
  ['mq消息ok', J, true],
  // rarities
  ['𠮷', K, true],
  ['𠮷野', K, true],
  ['𠀋', K, true],
  ['々', K, true],
  ['〇', K, true],
  ['中文123', K, true],
  ['"㈱"', K, true],
  ['⻌', K, true],
  ['髙橋', L, true],
  ['高橋', L, false],
  ['東京タワー', L, true],
  ['京タワー', L, true],
  ['東京タワ', L, false],
  ['さん東京', L, true],
];

describe('Chinese, Japanese and Korean', () => {
  test('the table is as long as promised', () => expect(CASES.length).toBeGreaterThanOrEqual(60));

  test.each(CASES)('%s in %s: %s', (query, message, found) => {
    expect(matchRecord(parseQuery(query).query, { ...record, message })).toBe(found);
  });
});
