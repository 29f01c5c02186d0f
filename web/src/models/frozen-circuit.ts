/** The circuit as it was frozen with the plan, out of the settings of a version. */
export function circuitOf(settings: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { circuit } = settings;
  return isMap(circuit) ? circuit : settings;
}

/** A group of settings. A float that Python wrote with a point is one value, not a group. */
export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !('$float' in value);
