interface Named {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

/** Says which file changed between planning and running, or null. A run works with what its plan showed, or not at all. */
export function movedSincePlan(planned: readonly Named[], present: readonly Named[]): string | null {
  for (const plan of planned) {
    const now = present.find((p) => p.name === plan.name);
    if (now === undefined)
      return `${plan.name}:${plan.version} is gone since the run was planned; start a new run`;
    if (now.version !== plan.version)
      return `${plan.name} was version ${plan.version} when the run was planned and is ${now.version} now; start a new run`;
    if (now.digest !== plan.digest)
      return `${plan.name}:${plan.version} was edited since the run was planned; start a new run`;
  }
  return null;
}
