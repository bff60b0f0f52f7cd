/**
 * A moment as CEL wants it. Made from a number it reads no clock, and stays the same for ever: a value.
 *
 * @param at epoch ms
 */
// biome-ignore lint/style/noRestrictedGlobals: with an argument it is a value, not a clock
export const timestamp = (at: number) => new Date(at);

export type Timestamp = ReturnType<typeof timestamp>;
