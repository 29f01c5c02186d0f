/** Lets everybody else have a turn, within work that is longer than people should wait for an answer. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
