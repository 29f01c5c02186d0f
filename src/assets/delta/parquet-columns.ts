import type { FileMetaData, SchemaElement } from 'hyparquet';

/**
 * The description of a Parquet file as if it held only these columns (dotted paths; a group brings all below it).
 * The reader can leave out whole top-level columns only, and decoding the unused fields of a struct over the millions
 * of rows of a large checkpoint takes three quarters of the time.
 */
export function keepOnly(file: FileMetaData, wanted: readonly string[]): FileMetaData {
  const keeps = (path: readonly string[]): boolean =>
    wanted.some((column) => `${path.join('.')}.`.startsWith(`${column}.`));
  return {
    ...file,
    schema: pruneSchema(file.schema, keeps),
    row_groups: file.row_groups.map((group) => ({
      ...group,
      columns: group.columns.filter(
        ({ meta_data }) => meta_data !== undefined && keeps(meta_data.path_in_schema),
      ),
    })),
  };
}

/** The schema is a tree written in preorder: every element is followed by its children. */
function pruneSchema(
  schema: readonly SchemaElement[],
  keeps: (path: readonly string[]) => boolean,
): SchemaElement[] {
  let next = 0;
  const visit = (above: readonly string[] | null): SchemaElement[] => {
    const element = schema[next++];
    if (element === undefined) return [];
    const path = above === null ? [] : [...above, element.name];
    if (element.num_children === undefined) return keeps(path) ? [element] : [];
    const children = Array.from({ length: element.num_children }, () => visit(path));
    const kept = children.filter((child) => child.length > 0);
    // The root stays even when nothing is left below it.
    if (kept.length === 0 && above !== null) return [];
    return [{ ...element, num_children: kept.length }, ...kept.flat()];
  };
  return visit(null);
}
