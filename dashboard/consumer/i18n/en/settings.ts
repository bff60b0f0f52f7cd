/** Settings, with turning on offers in a browser and linking a device. */
export const settings = {
  title: 'Settings',
  notSaved: 'That was not saved. What you see is in force.',
  push: {
    label: 'Offers in this browser',
    on: {
      title: 'Offers are on in this browser',
      text: 'They come as notifications, also while this page is closed.',
    },
    ready: {
      title: 'This browser is ready',
      text: 'You have not agreed to any offers yet: choose what you want.',
      choose: 'Choose what you agree to',
    },
    off: {
      title: 'Offers are off in this browser',
      text: 'Turn them on, and the browser asks whether notifications may be shown. You can stop them with one tap, on every notification.',
    },
    denied: {
      title: 'Notifications are blocked',
      text: 'This browser was told not to show any from this page. Open the site settings, left of the address, allow notifications, and reload the page.',
    },
    homeScreen: {
      title: 'First, put this app on your Home Screen',
      text: 'On an iPhone or iPad only apps on the Home Screen may notify you: press Share, then “Add to Home Screen”, and open Wayside from there.',
    },
    unsupported: {
      title: 'This browser cannot show notifications',
      text: 'It does not support them, or not in a private window. Your offers are listed here all the same.',
    },
    turnOn: 'Turn on offers',
    turnOff: 'Turn off here',
    failed: 'That did not work. Try again in a moment.',
    noService:
      'The push service of this browser cannot be reached; some networks and browsers block it. Try again later, or in another browser.',
    undecided: 'The browser has not asked yet, or you closed its question. Try again when you like.',
  },
  install: {
    title: 'Keep Wayside at hand',
    text: 'Install it as an app: it opens from the home screen, and your offers are there offline too.',
    button: 'Install',
  },
  purposes: {
    title: 'What you agree to',
    intro: 'Nothing is used for offers unless it is on here. You can change it at any time.',
    since: 'Agreed on {{when}}, version {{version}}',
    names: {
      location_offers: 'Offers near places',
      device_offers: 'Offers from your devices',
      health_offers: 'Health-related offers',
    },
    outdated: 'You have not seen this wording yet. Your consent holds all the same; please read it.',
    renew: 'Agree to this wording',
  },
  quiet: {
    title: 'Quiet hours',
    off: 'Off: an offer may come at any hour.',
    on: 'No offers between these times, {{zone}}.',
    ofPlace: 'by the clock of the place that an offer is for',
    here: 'Go by the clock of {{zone}}',
    from: 'From',
    to: 'Until',
  },
  devices: {
    title: 'Your devices',
    none: 'No device is linked to you.',
    giveUp: 'Unlink',
    giveUpNamed: 'Unlink {{device}}',
    giveUpText:
      'What it reported so far is then not yours to see any more, and it takes a new code to link it again.',
    giveUpSure: 'Unlink it',
    keep: 'Keep it',
    code: 'Code of a device',
    codeHint: 'On its label or its display; or scan its QR code with your camera.',
    add: 'Link it',
    linked: '{{device}} is linked to you now.',
    tooMany: 'Too many tries. Wait a minute and try again.',
    wrongCode: 'This code is not valid, or not any more. Check it, or have the device show a new one.',
  },
  claim: {
    title: 'Link this device?',
    text: 'You opened a link with this code. The device’s readings then count as yours, and offers may be based on them where you agree.',
    yes: 'Link the device',
    no: 'Not now',
  },
  fewer: {
    title: 'Less of these',
    intro: 'What you asked to see less of.',
    level1: 'At most once a week',
    level2: 'None',
    undo: 'Undo',
    undoNamed: 'Undo for {{rule}}',
  },
  look: {
    title: 'Language and look',
    language: 'Language',
    theme: 'Theme',
    auto: 'System',
    light: 'Light',
    dark: 'Dark',
  },
} as const;
