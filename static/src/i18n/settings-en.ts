// The settings, and what is said of the page itself.
export const settings = {
  title: 'Settings',
  language: 'Language',
  theme: 'Colours',
  themes: { system: 'As the system is', light: 'Light', dark: 'Dark' },
  profile: 'Name and bio',
  profileHelp: 'What others see of you.',
  editProfile: 'Edit',
  session: 'Signed in',
  as: (name: string, handle: string) => `As ${name} (@${handle})`,
  everywhere: 'Sign out everywhere',
  everywhereHelp: 'Ends your session on every device, this one too. Devices that are open notice within 15 minutes.',
  everywhereConfirm: 'Yes, sign out everywhere',
  install: 'On this device',
  installHelp: 'Life Circle can be installed from the browser’s menu, and opens without network, too.',
}

export const page = {
  newVersion: 'There is a new version of this page.',
  newVersionTake: 'Show it',
}
