import type { Words } from './en.ts';
import { zhDuration } from './zh-duration.ts';
import { logs } from './zh-logs.ts';
import { search } from './zh-search.ts';
import { settings } from './zh-settings.ts';

/** 与 en.ts 逐键对应；少一个键、多一个键都编译不过。 */
export const zh: Words = {
  logs,
  search,
  settings,
  nav: {
    main: '主导航',
    logs: '日志',
    containers: '容器',
    ledger: '账本',
    settings: '设置',
    account: (name) => `当前用户 ${name}`,
    skip: '跳到内容',
  },
  insecure:
    '本页未加密传输：同一网络上的人可以读到日志和会话。请设置 http.tlsCert，或使用 TLS 代理并开启 http.trustProxy。',
  close: '关闭',
  copy: '复制',
  copied: '已复制',
  copyFailed: '浏览器不允许复制，请手动选中文本。',
  tryAgain: '重试',
  loading: '加载中',
  cancel: '取消',
  unknown: '–',
  duration: zhDuration,
  error: {
    network: '无法连接服务器。',
    networkHint: 'Fleetlog 是否在运行，网络是否正常？期间日志不会丢：采集器会记住位置。',
    title: (code) => `服务器返回错误（${code}）。`,
    crashed: '页面出错了。',
    crashedHint: '刷新即可继续，已存的数据不受影响。',
    reload: '刷新',
  },
  login: {
    signInWith: (provider) => `使用 ${provider} 登录`,
    orLocal: '或使用本地账户',
    refused: {
      provider_down: '无法连接登录服务。请稍后重试；本地账户仍可使用。',
      no_group: '登录服务认识您，但您所在的组都无权使用本站。请联系管理员。',
      expired: '本次登录已超时、已被使用，或是在另一个浏览器中开始的。请重新登录。',
      denied: '登录服务未批准本次登录。',
      disabled: '您的账户已在本站停用。请联系管理员。',
      name_taken: '您的用户名已属于本站的另一个账户。管理员可以删除该账户。',
      no_name: '登录服务没有提供您的用户名。管理员可以设置 auth.oidc.nameClaim。',
      provider_refused: '无法接受登录服务的答复。请重新登录。',
      too_many: '来自您地址的登录次数过多。请等待一分钟。',
    },
    title: '登录',
    name: '用户名',
    password: '密码',
    submit: '登录',
    first: '第一次启动？打开 fleetlog start 打印的链接，创建第一个账号。',
    signedOut: '登录后即可查看该页面。',
  },
  setup: {
    title: '创建第一个账号',
    lead: '它可以查看一切，也可以添加其他人。链接只能用一次，一小时内有效。',
    name: '用户名',
    password: '密码',
    passwordHint: '至少十个字符，一句话也可以。',
    repeat: '再输一次密码',
    differ: '两次输入的密码不一致。',
    submit: '创建并登录',
    noToken: '链接里没有令牌。',
    noTokenHint: '请从终端复制完整链接，包括 # 之后的部分。在创建第一个账号之前，重启会打印新的链接。',
  },
};
