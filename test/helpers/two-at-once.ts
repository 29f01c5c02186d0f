/** Works through a list with two at a time, which is what a machine of two cores bears. Outcomes in order. */
export async function twoAtOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const outcomes: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      const item = items[i];
      if (item !== undefined) outcomes[i] = await work(item);
    }
  };
  await Promise.all([worker(), worker()]);
  return outcomes;
}
