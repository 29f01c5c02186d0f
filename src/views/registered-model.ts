import { z } from 'zod';
import type { Project } from '../app.ts';
import {
  ModelStanding,
  lastVersions,
  ownersOf,
  refText,
  statedVersions,
  versionCounts,
} from '../registry/index.ts';
import type { RegistryName, StandingModel } from '../registry/index.ts';
import { LastGood, trendOf } from './circuit.ts';
import { Time } from './fields.ts';

/** A model in a list: all its versions in one row. */
export const RegisteredModel = z
  .object({
    model_name: z.string(),
    circuit_id: z.string(),
    plant_id: z.string().nullable(),
    standing: ModelStanding.meta({
      description:
        'Its newest version that may be used is `promoted`, is `ahead` of the one that was, or none was: `unpromoted`. `unusable`: all are withdrawn, removed or from pull requests.',
    }),
    versions: z.int().meta({ description: 'How many it has.' }),
    newest: z.int().meta({ description: 'Its last version, whatever became of it.' }),
    current: LastGood.nullable().meta({
      description: 'Its newest version that may be used; null: there is none.',
    }),
    shared: z
      .object({ version: z.int(), promoted_at: Time })
      .nullable()
      .meta({ description: 'Its newest version in the shared registry; null: none was promoted.' }),
    trend: z
      .object({ metric: z.string(), values: z.array(z.number()) })
      .nullable()
      .meta({ description: 'The most telling metric over its last versions; null: they reported none.' }),
  })
  .meta({ id: 'RegisteredModel', description: 'A model with how its versions stand.' });
export type RegisteredModel = z.infer<typeof RegisteredModel>;

/** Versions that a sparkline shows. */
const TREND = 20;

/** Rows of a page. */
export async function registeredModels(
  { store: { db }, config }: Pick<Project, 'store' | 'config'>,
  registry: RegistryName,
  models: readonly StandingModel[],
): Promise<RegisteredModel[]> {
  const names = models.map((model) => model.model_name);
  const owners = new Map((await ownersOf(db, registry, names)).map((owner) => [owner.model_name, owner]));
  const counts = await versionCounts(db, registry, names);
  const refs = models.flatMap(({ model_name, current, shared }) =>
    [current, shared].flatMap((version) => (version === null ? [] : [{ model_name, version }])),
  );
  const stated = new Map(
    (await statedVersions(db, registry, refs)).map((each) => [refText(each.model), each]),
  );
  const histories = await lastVersions(db, registry, models, TREND);
  const preferred = config.quality.map((rule) => rule.metric);
  return models.flatMap(({ model_name, standing, newest, ...model }) => {
    const owner = owners.get(model_name);
    if (owner === undefined) return [];
    const current =
      model.current === null ? undefined : stated.get(refText({ model_name, version: model.current }));
    const shared =
      model.shared === null ? undefined : stated.get(refText({ model_name, version: model.shared }));
    return [
      {
        model_name,
        circuit_id: owner.circuit_id,
        plant_id: owner.plant_id,
        standing,
        versions: counts.get(model_name) ?? 0,
        newest,
        current:
          current === undefined
            ? null
            : {
                version: current.model.version,
                run: current.run,
                created_at: current.model.created_at,
                metrics: current.model.metrics,
              },
        shared:
          shared?.promoted_at == null
            ? null
            : { version: shared.model.version, promoted_at: shared.promoted_at },
        trend: trendOf(histories.get(model_name) ?? [], preferred, true),
      },
    ];
  });
}
