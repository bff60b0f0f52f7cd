/** Beyond it the entries of a device that were seen last longest ago go. */
export const MOST_ENTRIES_A_DEVICE = 500;
/** Complaints about one message that are kept one by one; the rest are told by their number. */
export const MOST_COMPLAINTS_AN_ENTRY = 20;
