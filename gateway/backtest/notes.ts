/** What a backtest takes as it is now, for want of a record of how it was; told with each report. */
export const NOTES: readonly string[] = [
  'Places, device types, segments, campaigns and limits are those of now.',
  'Whom devices belong to, quiet hours, time zones and attributes of people are those of now.',
  'Who wants fewer offers of a rule now is taken to have wanted so all along.',
  'Consents are as they were. Browsers count from when they were subscribed until they were gone; those that people removed are not known any more. Other ways to reach people are those of now.',
  'It begins 6 hours before the time that is counted, so that visits and recent offers are known; longer cooldowns begin empty.',
];
