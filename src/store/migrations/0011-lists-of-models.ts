/** Versions by what became of them: of a million, those of one state are found without looking at the others. */
export const listsOfModels = `
create index model_versions_usable on model_versions (registry, model_name, version)
  where pr = 0 and withdrawn_at is null and files_removed_at is null;
create index model_versions_withdrawn on model_versions (registry, model_name, version) where withdrawn_at is not null;
create index model_versions_pr on model_versions (registry, model_name, version) where pr = 1;
create index model_versions_removed on model_versions (registry, model_name, version) where files_removed_at is not null;
`;
