import type { KnownCause } from './known-cause.ts';

const COLUMN =
  'The data has no such column (or key): see how it is spelt in `features` and in the table at this version.';
const MISSING_VALUES =
  'The data has gaps or infinite values: fill or drop them before fitting, or find out where they come from.';
const ROWS =
  'Too few rows are left for this circuit: see its cutoff date, `training_days` and filters, and whether the data arrived.';
const FILE =
  'A file of the data is not where the job looks: see `data_path` (or the input of the component), and whether the data arrived.';
const SHAPE =
  'The data has another shape than the model expects: see which columns reach it, and whether the model is from another data set.';
const DATES =
  'Dates are written in another way than expected: name the format when reading, or correct the file.';
const BROKEN =
  'A data file is damaged or unfinished: write it anew, and start a new run. A retry takes it as it was.';
const VERSION =
  'The table has no such version any more (or not yet): set `delta_version` to one that is there, or `latest`.';

/** What lies in the data: columns, values, files, versions. */
export const DATA: readonly KnownCause[] = [
  // One id: whoever misses the column, pandas, Spark or Arrow, it is the same column.
  { id: 'column', class: 'data', pattern: /^KeyError: ['"](?<name>[^'"[\n]{1,200})['"]$/m, advice: COLUMN },
  {
    id: 'column',
    class: 'data',
    pattern: /\['(?<name>[^\]\n]{1,300})'\] not (?:found )?in (?:index|axis)/,
    advice: COLUMN,
  },
  {
    id: 'column',
    class: 'data',
    pattern: /None of \[(?:Index\()?\['(?<name>[^\]\n]{1,300})'\]/,
    advice: COLUMN,
  },
  {
    id: 'column',
    class: 'data',
    pattern:
      /A column(?:, variable,)? or function parameter with name `(?<name>[^\n]{1,200}?)` cannot be resolved/,
    advice: COLUMN,
  },
  {
    id: 'column',
    class: 'data',
    pattern: /cannot resolve '?`?(?<name>[^'`\n]{1,200})`?'? given input columns/,
    advice: COLUMN,
  },
  {
    id: 'column',
    class: 'data',
    pattern: /No match for FieldRef\.Name\((?<name>[^)\n]{1,200})\)/,
    advice: COLUMN,
  },
  { id: 'column', class: 'data', pattern: /ColumnNotFoundError: "?(?<name>[^\s"]{1,200})/, advice: COLUMN },
  {
    id: 'column',
    class: 'data',
    pattern: /Cannot resolve column name "(?<name>[^"\n]{1,200})" among/,
    advice: COLUMN,
  },
  {
    id: 'column',
    class: 'data',
    pattern: /[Cc]olumn "(?<name>[^"\n]{1,200})" (?:does not exist|not found)/,
    advice: COLUMN,
  },
  { id: 'column', class: 'data', pattern: /column name :(?<name>\w{1,100}) not found/, advice: COLUMN },
  {
    id: 'object',
    class: 'data',
    pattern:
      /NoSuchKey|NoSuchBucket|BlobNotFound|ContainerNotFound|FilesystemNotFound|[Tt]he specified (?:key|blob|bucket|container|path) does not exist|No files found that match/,
    by: 'text',
    advice: FILE,
  },
  {
    id: 'sql_table',
    class: 'data',
    pattern:
      /(?:relation "(?<name>[^"\n]{1,200})" does not exist|no such table|Invalid object name|UndefinedTable)/,
    by: 'text',
    advice: 'There is no such table: see its name, schema and database.',
  },
  {
    id: 'constant',
    class: 'data',
    pattern:
      /[Aa]ll (?:train )?targets are equal|features are either constant or ignored|only one (?:unique )?(?:value|class)|NaN values are not supported/,
    by: 'text',
    advice:
      'A column or the target has one value or gaps only: see what is left of the data for this circuit.',
  },
  {
    id: 'missing_values',
    class: 'data',
    pattern: /Input (?<which>\w{1,40}) contains (?<what>NaN|infinity)/,
    advice: MISSING_VALUES,
  },
  {
    id: 'label_values',
    class: 'data',
    pattern: /Label contains NaN/,
    title: 'XGBoostError: Label contains NaN, infinity or a value too large',
    advice: MISSING_VALUES,
  },
  {
    id: 'missing_values_r',
    class: 'data',
    pattern: /NA\/NaN\/Inf in '(?<which>[^'\n]{1,40})'/,
    advice: MISSING_VALUES,
  },
  {
    id: 'loss',
    class: 'data',
    pattern: /\b[Ll]oss (?:is|became|was|went to) (?:NaN|nan|inf)|(?:NaN|nan) loss/,
    title: 'the loss is NaN',
    advice:
      'The training diverged: look for outliers and gaps in the data, scale it, or lower the learning rate.',
  },
  {
    id: 'missing_values_words',
    class: 'data',
    pattern:
      /contains? (?:NaN|null|missing|non-finite|infinite)|cannot convert (?:float )?(?:NaN|infinity)|(?:NaN|missing) values/,
    by: 'text',
    advice: MISSING_VALUES,
  },
  {
    id: 'feature_count',
    class: 'data',
    pattern: /X has \d{1,9} features, but \w{1,100} is expecting/,
    title: 'X has another number of features than the model expects',
    advice: SHAPE,
  },
  {
    id: 'feature_names',
    class: 'data',
    pattern: /feature_names mismatch|feature names should match/,
    title: 'the names of the features differ from those of the model',
    advice: SHAPE,
  },
  { id: 'sample_counts', class: 'data', pattern: /inconsistent numbers of samples/, advice: SHAPE },
  {
    id: 'no_rows',
    class: 'data',
    pattern: /Found array with 0 sample/,
    title: 'no rows: found array with 0 samples',
    advice: ROWS,
  },
  { id: 'no_csv_rows', class: 'data', pattern: /No columns to parse from file/, advice: ROWS },
  {
    id: 'few_rows',
    class: 'data',
    pattern:
      /\bno (?:rows|samples|records|training data|data) |\bno (?:rows|samples|data)\b|\bempty (?:data|frame|table|array|Series|training|sequence)|zero-size array|not enough (?:data|samples|rows)|[Tt]oo few|less than (?:2|two|\d{1,6}) (?:non-NaN|rows|samples|full)/,
    by: 'text',
    advice: ROWS,
  },
  {
    id: 'not_a_number',
    class: 'data',
    pattern: /could not convert string to float/,
    title: 'ValueError: could not convert string to float',
    advice:
      'A column of numbers has text in it: see what stands there, and clean it or name it as a gap when reading.',
  },
  {
    id: 'spark_cast',
    class: 'data',
    pattern: /CAST_INVALID_INPUT[^\n]{0,200}to "(?<type>\w{1,40})"/,
    advice: 'A column has values that are no such type: clean them, or use `try_cast`.',
  },
  {
    id: 'encoding',
    class: 'data',
    pattern: /UnicodeDecodeError|codec can't decode/,
    title: 'UnicodeDecodeError: the text is not UTF-8',
    advice: 'A file has another encoding: name it when reading (`encoding=`), or write the file as UTF-8.',
  },
  {
    id: 'csv',
    class: 'data',
    pattern: /Error tokenizing data/,
    title: 'ParserError: lines of the CSV have another number of fields',
    advice: BROKEN,
  },
  {
    id: 'date_format',
    class: 'data',
    pattern: /time data .{1,80} does(?:n't| not) match format (?<format>["'][^"'\n]{1,60}["'])/,
    advice: DATES,
  },
  {
    id: 'date',
    class: 'data',
    pattern: /Unknown (?:datetime )?string format|Out of bounds (?:nanosecond|datetime)/,
    by: 'text',
    advice: DATES,
  },
  { id: 'json', class: 'data', pattern: /JSONDecodeError/, by: 'text', advice: BROKEN },
  {
    id: 'parquet',
    class: 'data',
    pattern:
      /magic bytes not found|not a parquet file|[Ii]nvalid parquet|[Cc]orrupt(?:ed)? (?:footer|file|snappy|parquet)|deserialize thrift/i,
    title: 'a Parquet file is damaged',
    advice: BROKEN,
  },
  {
    id: 'delta_version',
    class: 'data',
    pattern: /LogSegment end version|[Ii]nvalid table version/,
    title: 'the Delta table has no such version',
    advice: VERSION,
  },
  {
    id: 'delta_time_travel',
    class: 'data',
    pattern: /Cannot time travel Delta table|DELTA_VERSION_NOT_FOUND|VersionNotFoundException/,
    title: 'Cannot time travel Delta table to this version',
    advice: VERSION,
  },
  {
    id: 'delta_table',
    class: 'data',
    pattern:
      /TableNotFoundError|[Nn]ot a Delta table|DELTA_(?:TABLE|PATH)_(?:NOT_FOUND|DOES_NOT_EXIST)|No files in log segment/,
    by: 'text',
    advice: 'There is no Delta table: see `delta_table_path`.',
  },
  {
    id: 'delta_file',
    class: 'data',
    pattern:
      /Object at location \S{1,500} not found|referenced in the transaction log cannot be found|DELTA_FILE_NOT_FOUND|FileReadException/,
    title: 'a data file of the Delta table is gone',
    advice: 'Files of this version were vacuumed away: set `delta_version` to a newer one.',
  },
  { id: 'spark_path', class: 'data', pattern: /Path does not exist: (?<path>[^\s;]{1,500})/, advice: FILE },
  {
    id: 'spark_table',
    class: 'data',
    pattern: /[Tt]able or view (?<name>\S{1,200}) (?:cannot be found|not found)/,
    advice: 'There is no such table: see its name and its catalog.',
  },
  {
    id: 'stream',
    class: 'data',
    pattern:
      /StreamAccess\.NotFound|StreamError\(NotFound\)|requested stream was not found|Found no resources for the input/,
    title: 'StreamAccess.NotFound: the data is not in the datastore',
    advice: FILE,
  },
  {
    id: 'module_file',
    class: 'config',
    pattern:
      /(?:No such file or directory|cannot find the (?:file|path))[^\n]{0,20}['"](?<path>[^'"\n]{1,500}\.(?:py|sh|so|dll))['"]/,
    advice: 'A file of the code is not there: see the code folder of the component.',
  },
  {
    id: 'settings_file',
    class: 'config',
    pattern:
      /(?:No such file or directory|cannot find the (?:file|path))[^\n]{0,20}['"](?<path>(?:[^'"\n]{0,400}\.(?:ya?ml|toml|ini|cfg|conf|env)|[^'"\n]{0,200}(?:config|settings)[^'"\n]{0,200}))['"]/,
    advice: 'A file of settings is not there: put it into the code folder, or correct its path.',
  },
  {
    id: 'file',
    class: 'data',
    pattern:
      /(?:No such file or directory|cannot find the (?:file|path))[^\n]{0,20}['"](?<path>[^'"\n]{1,500})['"]/,
    advice: FILE,
  },
  {
    id: 'file_words',
    class: 'data',
    pattern: /FileNotFoundError|No such file or directory|FileNotFoundException/,
    by: 'text',
    advice: FILE,
  },
  {
    id: 'broken_file',
    class: 'data',
    pattern:
      /BadZipFile|BadGzipFile|[Nn]ot a (?:zip|gzipped) file|failed (?:reading zip|finding central)|UnpicklingError|pickle data was truncated|Ran out of input|cannot identify image file|_src\.empty\(\)|truncated file|file signature not found/,
    by: 'text',
    advice: BROKEN,
  },
  {
    id: 'matrix',
    class: 'data',
    pattern: /LinAlgError|Singular matrix|SVD did not converge|not positive definite/,
    by: 'text',
    advice: 'Columns depend on each other, or are constant: drop some, or use a regularised model.',
  },
  {
    id: 'shape',
    class: 'data',
    pattern:
      /incompatible with the layer|shapes? cannot be multiplied|shapes? .{0,60}(?:not aligned|mismatch)|could not broadcast|inhomogeneous shape|size mismatch|tensor to be equal size|[Ss]izes of tensors must match|must have (?:the )?same (?:length|number)|of the same length/,
    by: 'text',
    advice: SHAPE,
  },
  { id: 'arrow', class: 'data', pattern: /^Arrow(?:Invalid|TypeError|NotImplementedError)/, by: 'text' },
];
