// 谁在管理圈子，以及一个人写过的动态。
import type { Words } from './en'
import type { members as membersEn, person as personEn } from './members-en'

export const members: Words<typeof membersEn> = {
  runBy: '管理者',
  roles: { owner: '圈主', moderator: '管理员', partner: '合伙人' },
  manage: '管理身份',
  yours: '你在这里的身份',
  role: '身份',
  help: {
    owner: '圈主可以做这里的一切，也决定谁是圈主。',
    moderator: '管理员维护秩序，可以删除别人写的内容。',
    partner: '合伙人可以参与打赏分成，以约定为准。',
  },
  nobody: '没有人用这个用户名。',
  give: '授予身份',
  given: (name, role) => `${name} 的身份现在是${role}。`,
  end: '取消',
  endYes: '确定取消',
  layDown: '放弃身份',
}

export const person: Words<typeof personEn> = {
  yourPage: '别人看到的我',
  posts: '动态',
  noPosts: '还没有你能看到的动态。',
  noPostsYours: '你还没有写过动态。你在各个圈子里的动态都会出现在这里。',
}
