import picomatch from 'picomatch';
import type { PlannedCircuit } from '../fleet/index.ts';
import { UsageError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';

/**
 * Looks at the failures that a rehearsal is asked for (`ID`, `ID:attempts`, `ID=text`), and returns those that the plan
 * gives no chance to happen.
 * @throws UsageError for circuits that are not in the fleet
 */
export function refuseUnknownFailures(
  circuits: readonly Pick<PlannedCircuit, 'id' | 'action'>[],
  rules: readonly string[],
): { readonly rule: string; readonly circuit: string }[] {
  return rules.flatMap((rule) => {
    const circuit = rule.split(/[:=]/, 1)[0]?.trim() ?? '';
    if (circuit === '') return [];
    const matches = picomatch(circuit);
    const meant = circuits.filter((c) => matches(c.id));
    if (meant.length === 0)
      throw new UsageError(`--fail ${rule}: no circuit is called ${circuit}.`, {
        hint:
          didYouMean(
            circuit,
            circuits.map((c) => c.id),
          ) ?? 'Ids are <plant_id>_<circuit_id>, as in the fleet file.',
      });
    return meant.some((c) => c.action === 'train') ? [] : [{ rule, circuit }];
  });
}
