import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { API } from '../../api/client.ts';
import { figure, inOrder } from '../../metrics/differences.ts';
import {
  ModelLink,
  VersionLink,
  Withdraw,
  circuitOf,
  metricsQuery,
  searchOf,
  useRegistry,
  versionQuery,
} from '../../models/index.ts';
import type { VersionView } from '../../models/index.ts';
import { circuitPath, jobPath, runPath } from '../../paths.ts';
import {
  ErrorNotice,
  Fact,
  Facts,
  Notice,
  Page,
  Section,
  SettingsList,
  Skeleton,
  StatusBadge,
  Time,
  buttonLook,
} from '../../ui/index.ts';
import { Files } from './files.tsx';
import { LineageGraph, LineageText } from './lineage-graph.tsx';
import { lineageParts } from './lineage-nodes.ts';
import styles from './version-page.module.css';

const route = getRouteApi('/models/$model/$version');

/** One version of a model: where it comes from, what it measured, what it consists of. */
export function VersionPage() {
  const { model, version: number } = route.useParams();
  const registry = useRegistry();
  const title = `${model} v${number}`;
  const { data: version, error, refetch } = useQuery(versionQuery(registry, model, Number(number)));
  const failure = error !== null && <ErrorNotice error={error} retry={() => void refetch()} />;
  if (version === undefined)
    return <Page title={title}>{failure === false ? <Skeleton lines={12} height={24} /> : failure}</Page>;
  return (
    <Page
      title={title}
      heading={
        <>
          <span>
            <ModelLink model={model}>{model}</ModelLink> v{version.version}
          </span>
          <StatusBadge state={version.state} />
          {version.promoted && version.state !== 'promoted' && <StatusBadge state="promoted" />}
        </>
      }
      lead={<Lead version={version} />}
      actions={<Actions version={version} />}
    >
      {failure}
      {version.withdrawn !== null && (
        <Notice tone="idle" title={`⊘ Withdrawn by ${version.withdrawn.by}`}>
          <p>{version.withdrawn.reason}</p>
          <p className="muted">
            <Time at={version.withdrawn.at} />
          </p>
        </Notice>
      )}
      <Lineage version={version} />
      <div className={styles.two}>
        <Metrics version={version} />
        <Identity version={version} />
      </div>
      <Files version={version} />
      <Section title="Settings" aside={<span className="muted">as it was trained</span>}>
        <SettingsList settings={circuitOf(version.settings)} />
      </Section>
    </Page>
  );
}

function Lead({ version: { registry, circuit_id, created_at, run, job_name, promoted_at } }: Shown) {
  return (
    <>
      <span>
        circuit <Link to={circuitPath(circuit_id)}>{circuit_id}</Link>
      </span>
      <span>
        registered <Time at={created_at} />
      </span>
      {run !== null && (
        <span>
          by <Link to={runPath(run)}>run {run}</Link>, job <Link to={jobPath(job_name)}>{job_name}</Link>
        </span>
      )}
      {registry !== 'dev' && <span>made by a rehearsal, which counts for nothing</span>}
      {promoted_at !== null && (
        <span>
          promoted <Time at={promoted_at} />
        </span>
      )}
    </>
  );
}

interface Shown {
  readonly version: VersionView;
}

/** To the versions beside it, into a comparison, out of use. */
function Actions({ version }: Shown) {
  const { model_name, version: number, files } = version;
  const registry = useRegistry();
  const { data: metrics } = useQuery(metricsQuery(registry, model_name));
  const all = metrics?.points.map((point) => point.version) ?? [];
  const before = all.findLast((each) => each < number);
  const after = all.find((each) => each > number);
  return (
    <>
      {before !== undefined && (
        <VersionLink
          model={model_name}
          version={before}
          className={buttonLook}
          label={`v${before}, the version before`}
        >
          ← v{before}
        </VersionLink>
      )}
      {after !== undefined && (
        <VersionLink
          model={model_name}
          version={after}
          className={buttonLook}
          label={`v${after}, the version after`}
        >
          v{after} →
        </VersionLink>
      )}
      {before !== undefined && (
        <Link
          to="/models/$model"
          params={{ model: model_name }}
          search={{ compare: `${before},${number}`, ...searchOf(registry) }}
          className={buttonLook}
        >
          Compare with v{before}
        </Link>
      )}
      {files.length > 0 && version.files_removed_at === null && (
        <a
          href={`${API}/models/${encodeURIComponent(model_name)}/versions/${number}/files.zip?registry=${registry}`}
          download
          className={buttonLook}
        >
          Download as a zip
        </a>
      )}
      <Withdraw key={`${model_name} ${number}`} version={version} />
    </>
  );
}

function Lineage({ version }: Shown) {
  const parts = lineageParts(version);
  return (
    <Section title="Lineage">
      <LineageGraph label={`Where ${version.model_name} v${version.version} comes from`} parts={parts} />
      <LineageText parts={parts} />
    </Section>
  );
}

function Metrics({ version: { metrics, quality } }: Shown) {
  const names = inOrder(
    Object.keys(metrics),
    quality.map(({ rule }) => rule),
  );
  return (
    <Section title="Metrics">
      {names.length === 0 ? (
        <p className="muted">
          It reported none. They are read from metrics.json among the outputs of its job.
        </p>
      ) : (
        <table className={styles.metrics}>
          <thead className="unseen">
            <tr>
              <th scope="col">Metric</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{metrics[name] === undefined ? '–' : figure(metrics[name])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {quality.length > 0 && (
        <>
          <h3 className={styles.rulesHead}>Quality rules of today</h3>
          <ul>
            {quality.map(({ rule, ok, message }) => (
              <li key={rule} data-tone={ok ? 'ok' : 'failed'} className={styles.rule}>
                {ok ? '✓ passed: ' : '✗ failed: '}
                {message}
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

const Identity = ({ version }: Shown) => {
  const { lineage, tags, digest } = version;
  const own = Object.entries(tags).filter(([name]) => !SAID.has(name));
  return (
    <Section title="What it is">
      <Facts>
        <Fact name="Content digest" wide>
          <span className="mono">{digest}</span>
        </Fact>
        <Fact name="Training hash">
          <span className="mono">{lineage.training_hash}</span>
        </Fact>
        <Fact name="Inputs digest">
          <span className="mono">{lineage.inputs_digest === '' ? '–' : lineage.inputs_digest}</span>
        </Fact>
        <Fact name="Data version">
          <span className="mono">{lineage.data_version ?? '–'}</span>
        </Fact>
        <Fact name="Cutoff date">{lineage.cutoff_date ?? '–'}</Fact>
        <Fact name="Commit" wide>
          <span className="mono">{lineage.git_commit ?? '–'}</span>
        </Fact>
        {own.map(([name, value]) => (
          <Fact key={name} name={`Tag ${name}`}>
            {value}
          </Fact>
        ))}
      </Facts>
    </Section>
  );
};

/** Tags that say what stands elsewhere on the page. */
const SAID: ReadonlySet<string> = new Set([
  'circuit_id',
  'plant_id',
  'component_version',
  'environment_version',
  'config_hash',
  'cutoff_date',
  'data_version',
  'git_commit',
  'inputs_digest',
  'training_hash',
  'training_job',
]);
