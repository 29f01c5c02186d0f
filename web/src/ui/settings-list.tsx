import { Fact, Facts } from './facts.tsx';
import { Skeleton } from './skeleton.tsx';
import { valueText } from './value-text.ts';

/** What the circuit is trained with. What is not set is left out; hyperparameters stand one by one. */
export function SettingsList({ settings }: { readonly settings: Readonly<Record<string, unknown>> | null }) {
  if (settings === null) return <Skeleton lines={3} />;
  const { hyperparameters, ...rest } = settings;
  const own = Object.entries(rest).filter(
    ([name, value]) => !ELSEWHERE.has(name) && valueText(value) !== '–',
  );
  const hyper =
    typeof hyperparameters === 'object' && hyperparameters !== null ? Object.entries(hyperparameters) : [];
  return (
    <Facts>
      {own.map(([name, value]) => (
        <Fact key={name} name={name}>
          {valueText(value)}
        </Fact>
      ))}
      {hyper.map(([name, value]) => (
        <Fact key={`hyperparameters.${name}`} name={`hyperparameters.${name}`}>
          {valueText(value)}
        </Fact>
      ))}
    </Facts>
  );
}

/** Said in the head of the page already. */
const ELSEWHERE: ReadonlySet<string> = new Set(['id', 'plant_id', 'circuit_id', 'model_name', 'line']);
