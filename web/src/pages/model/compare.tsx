import { useQuery } from '@tanstack/react-query';
import { betterBy, differenceOf, figure, inOrder, signed } from '../../metrics/differences.ts';
import type { Better } from '../../metrics/differences.ts';
import { VersionLink, useRegistry, versionQuery } from '../../models/index.ts';
import type { VersionView } from '../../models/index.ts';
import { Button, Changes, ErrorNotice, Section, Skeleton, Status, Time, bytes } from '../../ui/index.ts';
import styles from './compare.module.css';
import { fileChanges, settingChanges, sourcesOf } from './comparison.ts';

/** Two versions of a model beside each other: what they measured, and everything that may be the reason. */
export function Compare({
  model,
  pair: [from, to],
  onClose,
}: {
  readonly model: string;
  readonly pair: readonly [number, number];
  readonly onClose: () => void;
}) {
  const registry = useRegistry();
  const before = useQuery(versionQuery(registry, model, from));
  const after = useQuery(versionQuery(registry, model, to));
  const error = before.error ?? after.error;
  return (
    <Section
      title={`v${from} and v${to} compared`}
      aside={
        <Button small onClick={onClose}>
          Close the comparison
        </Button>
      }
    >
      {error !== null ? (
        <ErrorNotice error={error} />
      ) : before.data === undefined || after.data === undefined ? (
        <Skeleton lines={6} height={24} />
      ) : (
        <div className={styles.compare}>
          <Metrics before={before.data} after={after.data} />
          <Reasons before={before.data} after={after.data} />
        </div>
      )}
    </Section>
  );
}

interface Two {
  readonly before: VersionView;
  readonly after: VersionView;
}

function Metrics({ before, after }: Two) {
  const rules = after.quality.map(({ rule }) => rule);
  const better = betterBy(rules);
  const names = inOrder([...Object.keys(before.metrics), ...Object.keys(after.metrics)], rules);
  return (
    <div className={styles.part}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <Head version={before} />
            <Head version={after} />
            <th scope="col">Difference</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{shown(before.metrics[name])}</td>
              <td>{shown(after.metrics[name])}</td>
              <td>
                <Difference
                  before={before.metrics[name]}
                  after={after.metrics[name]}
                  better={better.get(name)}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {names.length === 0 && <p className="muted">Neither reported a metric.</p>}
      {names.some((name) => !better.has(name)) && (
        <p className="muted">
          Which way is better is known of metrics with a quality rule in trainyard.yaml, such as{' '}
          <code>mae &lt;= 10</code>.
        </p>
      )}
    </div>
  );
}

const Head = ({ version }: { readonly version: VersionView }) => (
  <th scope="col">
    <VersionLink model={version.model_name} version={version.version}>
      v{version.version}
    </VersionLink>
  </th>
);

const shown = (n: number | undefined): string => (n === undefined ? '–' : figure(n));

function Difference({
  before,
  after,
  better,
}: {
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly better: Better | undefined;
}) {
  const difference = differenceOf(after, before, better);
  if (difference === null) return <span className="muted">–</span>;
  const { change, word } = difference;
  return (
    <span
      className={styles.difference}
      data-tone={word === 'better' ? 'ok' : word === 'worse' ? 'failed' : 'idle'}
    >
      {change === 0 ? '' : `${signed(change)} `}
      {word}
    </span>
  );
}

function Reasons({ before, after }: Two) {
  const settings = settingChanges(before.settings, after.settings);
  const files = fileChanges(before.files, after.files);
  const same = files.filter(({ word }) => word === 'same').length;
  return (
    <div className={styles.part}>
      <div>
        <h3>Settings</h3>
        {settings.length === 0 ? (
          <p className="muted">They were trained with the same settings.</p>
        ) : (
          <Changes changes={settings} />
        )}
      </div>
      <div>
        <h3>Made from</h3>
        <table className={styles.sources}>
          <thead className="unseen">
            <tr>
              <th scope="col">What</th>
              <th scope="col">v{before.version}</th>
              <th scope="col">v{after.version}</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">State</th>
              <td>
                <Status state={before.state} />
              </td>
              <td>
                <span aria-hidden="true">→ </span>
                <Status state={after.state} />
              </td>
            </tr>
            <tr>
              <th scope="row">Registered</th>
              <td>
                <Time at={before.created_at} />
              </td>
              <td>
                <span aria-hidden="true">→ </span>
                <Time at={after.created_at} />
              </td>
            </tr>
            {sourcesOf(before, after).map(({ name, before: was, after: is }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {was === is ? (
                  <td colSpan={2}>
                    <code data-hint={is ?? undefined}>{short(is)}</code> <span className="muted">both</span>
                  </td>
                ) : (
                  <>
                    <td>
                      <code data-hint={was ?? undefined}>{short(was)}</code>
                    </td>
                    <td>
                      <span aria-hidden="true">→ </span>
                      <code data-hint={is ?? undefined}>{short(is)}</code>
                    </td>
                  </>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div>
        <h3>Files</h3>
        <ul className={styles.files}>
          {files
            .filter(({ word }) => word !== 'same')
            .map(({ path, word, before: was, after: is }) => (
              <li key={path}>
                <code>{path}</code> {word}
                <span className="muted">
                  {[was, is].flatMap((size) => (size === null ? [] : [bytes(size)])).join(' → ')}
                </span>
              </li>
            ))}
          {same > 0 && (
            <li className="muted">
              {same === files.length
                ? same === 1
                  ? 'The one file is the same.'
                  : `All ${same} files are the same.`
                : `${same} more ${same === 1 ? 'is' : 'are'} the same.`}
            </li>
          )}
          {files.length === 0 && <li className="muted">Neither has any.</li>}
        </ul>
      </div>
    </div>
  );
}

/** Hashes by their first digits, the rest on hover. */
const short = (text: string | null): string =>
  text === null ? '–' : /^[\da-f]{16,}$/.test(text) ? text.slice(0, 12) : text;
