// 设置，以及关于页面本身的话。
import type { page as pageEn, settings as settingsEn } from './settings-en'

export const settings: typeof settingsEn = {
  title: '设置',
  language: '语言',
  theme: '配色',
  themes: { system: '跟随系统', light: '浅色', dark: '深色' },
  profile: '名字和简介',
  profileHelp: '别人看到的你。',
  editProfile: '编辑',
  session: '登录',
  as: (name: string, handle: string) => `当前账号：${name}（@${handle}）`,
  everywhere: '退出所有设备',
  everywhereHelp: '结束你在所有设备上的登录，包括这一台。正打开的设备会在 15 分钟内退出。',
  everywhereConfirm: '确定，全部退出',
  install: '在这台设备上',
  installHelp: '可以用浏览器菜单安装生活圈，没有网络时也能打开。',
}

export const page: typeof pageEn = {
  newVersion: '这个页面有新版本。',
  newVersionTake: '现在更新',
}
