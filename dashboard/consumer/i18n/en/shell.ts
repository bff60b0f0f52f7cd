/** What frames every page: navigation, states of loading and failing, and the way out. */
export const shell = {
  documentTitle: '{{page}} · Wayside',
  nav: {
    label: 'Pages',
    offers: 'Offers',
    data: 'My data',
    settings: 'Settings',
    access: 'Access',
  },
  skip: 'Skip to content',
  loading: 'Loading',
  retry: 'Try again',
  offline: 'You are offline. This is what was here {{when}}.',
  unreachable: 'Wayside cannot be reached just now. This is what was here {{when}}.',
  failure: {
    unreachable: { title: 'Wayside cannot be reached', mend: 'Check the connection and try again.' },
    busy: { title: 'That was too much at once', mend: 'Wait a moment and try again.' },
    gone: { title: 'This is no longer there', mend: 'It may have been removed in another browser.' },
    other: { title: 'That did not work', mend: 'Try again in a moment.' },
  },
  notFound: {
    title: 'There is nothing here',
    text: 'The address leads nowhere in this app.',
    home: 'To your offers',
  },
  stop: {
    button: 'Stop everything',
    meaning: 'Withdraws everything you agreed to and ends offers in all your browsers, at once.',
    doneTitle: 'Everything is stopped.',
    doneText:
      'You agree to nothing any more, and no browser receives offers. Turn on in the settings what you want back.',
  },
} as const;
