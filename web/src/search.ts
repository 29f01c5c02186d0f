/** Reads filters out of the address: what it does not know it leaves out, so that an old link still opens. */
export function searchOf<F extends Readonly<Record<string, (value: unknown) => unknown>>>(
  fields: F,
): (raw: Readonly<Record<string, unknown>>) => SearchOf<F> {
  return (raw) =>
    Object.fromEntries(
      Object.entries(fields).flatMap(([name, read]) => {
        const value = read(raw[name]);
        return value === undefined ? [] : [[name, value]];
      }),
    ) as SearchOf<F>;
}
export type SearchOf<F extends Readonly<Record<string, (value: unknown) => unknown>>> = {
  -readonly [K in keyof F]?: Exclude<ReturnType<F[K]>, undefined> | undefined;
};

/** Any text; of blanks alone there is none. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

/** One of these. */
export const oneOf =
  <const T extends string>(options: readonly T[]) =>
  (value: unknown): T | undefined =>
    options.find((option) => option === value);

/** A whole number. */
export const whole = (value: unknown): number | undefined =>
  typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : undefined;

/** On, or not said. */
export const flag = (value: unknown): true | undefined => (value === 'true' ? true : undefined);

/** The address as text and back: plain `name=value`, so that a link can be read and typed. */
export const parseSearch = (search: string): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(search));
export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value));
  }
  const written = params.toString();
  return written === '' ? '' : `?${written}`;
}
