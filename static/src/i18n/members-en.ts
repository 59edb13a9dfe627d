// Who runs a circle, and what a person has posted.
export const members = {
  runBy: 'Run by',
  roles: { owner: 'Owner', moderator: 'Moderator', partner: 'Partner' },
  manage: 'Give and take roles',
  yours: 'Your role here',
  role: 'Role',
  help: {
    owner: 'Owners may do everything here, and choose the other owners.',
    moderator: 'Moderators keep the peace: they may delete what others wrote.',
    partner: 'Partners can have a share of the tips, once the terms say so.',
  },
  nobody: 'There is nobody with this handle.',
  give: 'Give this role',
  given: (name: string, role: string) => `${name} has a role now: ${role}.`,
  end: 'Take away',
  endYes: 'Yes, end it',
  layDown: 'Lay it down',
}

export const person = {
  yourPage: 'Your page, as others see it',
  posts: 'Posts',
  noPosts: 'Nothing here yet that you can see.',
  noPostsYours: 'You have not written anything yet. Your posts from all circles will stand here.',
}
