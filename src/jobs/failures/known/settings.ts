import type { KnownCause } from './known-cause.ts';

const SETTINGS =
  'A setting has a value that the code does not take: correct it in the fleet config, the component, or the file that it comes from.';
const VARIABLE =
  'Set the environment variable in the component (`environment_variables`), with `${env:NAME}` for a secret.';
const RIGHTS = 'The identity of the job may not do this: give it the role, or renew its credentials.';

/** `os.environ['NAME']`: the words of the error are those of any missing key. */
export const KEY_OF_ENVIRONMENT: KnownCause = {
  id: 'variable',
  class: 'config',
  pattern: /^KeyError: '(?<variable>[A-Z_][A-Z0-9_]{0,100})'$/,
  advice: VARIABLE,
};

/** `config['name']` and its likes. */
export const KEY_OF_SETTINGS: KnownCause = {
  id: 'setting_key',
  class: 'config',
  pattern: /^KeyError: '(?<key>[^'\n]{1,200})'$/,
  advice:
    'The code asks for a setting that is not there: add it to the hyperparameters or inputs, or correct its name.',
};

/** What people set: arguments, hyperparameters, credentials, rights. */
export const SETTINGS_AND_RIGHTS: readonly KnownCause[] = [
  {
    id: 'variable',
    class: 'config',
    pattern:
      /[Ee]nvironment variable ['"`]?(?<variable>[A-Z_][A-Z0-9_]{0,100})['"`]? (?:is )?(?:not set|missing|required|must be set|is not defined)/,
    advice: VARIABLE,
  },
  {
    id: 'password',
    class: 'config',
    pattern:
      /(?:password authentication failed|Login failed|Access denied) for user ['"](?<user>[^'"\n]{1,100})['"]/,
    advice: RIGHTS,
  },
  {
    id: 'credentials',
    class: 'config',
    pattern:
      /DefaultAzureCredential failed|ClientAuthenticationError|CredentialUnavailableError|NoCredentialsError|Unable to locate credentials|AADSTS\d|Expired ?Token|token (?:has |is )?expired|InvalidAuthenticationToken|[Aa]uthentication failed|invalid_client|[Ii]nvalid API key|api_key not configured|[Ii]ncorrect (?:user ?name|password|credentials)|DefaultCredentialsError|could not read (?:Username|Password)|Permission denied \(publickey/,
    by: 'text',
    advice:
      'The job has no valid credentials: give its compute an identity with the needed roles, or renew the secret.',
  },
  {
    id: 'rights',
    class: 'config',
    pattern:
      /AuthorizationFailed|AuthorizationPermissionMismatch|not authorized to|does not have authorization|AccessDenied|Access [Dd]enied|PermissionDenied\b|\bForbidden\b/,
    by: 'text',
    advice: RIGHTS,
  },
  {
    id: 'arguments',
    class: 'config',
    pattern:
      /\b[Ee]rror: (?<problem>(?:the following arguments are required|argument |unrecognized arguments|[Mm]issing (?:option|argument)|[Nn]o such (?:option|command)|[Ii]nvalid value for)[^\n]{0,200})/,
    advice:
      'The command hands the script arguments that it does not take, or leaves some out: correct `command` or `inputs` in the component.',
  },
  {
    id: 'permission',
    class: 'config',
    pattern: /(?:Permission denied|Read-only file system): '(?<path>[^'\n]{1,500})'/,
    advice:
      'The job may not read or write there: write below its own outputs, or change the rights of the folder.',
  },
  {
    id: 'permission_words',
    class: 'config',
    pattern: /PermissionError|\[Errno 13\]|Permission denied/,
    by: 'text',
    advice: RIGHTS,
  },
  {
    id: 'parameter',
    class: 'config',
    pattern: /InvalidParameterError: The '(?<parameter>[^'\n]{1,100})' parameter/,
    advice: SETTINGS,
  },
  {
    id: 'lightgbm_check',
    class: 'config',
    pattern: /Check failed: \((?<check>[\w.]{1,80})\) [<>=!]{1,2} \(/,
    advice: SETTINGS,
  },
  {
    id: 'settings_model',
    class: 'config',
    pattern: /\d validation errors? for (?<model>\w{1,100})/,
    by: 'text',
    advice: SETTINGS,
  },
  { id: 'hydra', class: 'config', pattern: /Could not override '(?<key>[^'\n]{1,200})'/, advice: SETTINGS },
  {
    id: 'yaml',
    class: 'config',
    pattern: /^(?:Scanner|Composer|Constructor)Error\b/,
    by: 'text',
    advice: 'The YAML file cannot be read: correct it at the line that is named.',
  },
  {
    id: 'not_there',
    class: 'config',
    pattern:
      /RESOURCE_DOES_NOT_EXIST|ResourceNotFound(?!Error: The specified)|ParentResourceNotFound|ComputeNotFound|Not found compute|is in failed state|Compute(?: target)? with name/,
    by: 'text',
    advice: 'It names something that does not exist on the platform: correct the name, or create it.',
  },
  {
    id: 'setting',
    class: 'config',
    pattern:
      /bad settings|is a required property|Additional properties are not allowed|supports only|only supports|should be specified|must be (?:strictly )?(?:positive|greater|less|larger|smaller|non-?negative|at least|at most|one of|between|in the range|in \[)|should be (?:one of|positive|greater|less)|[Ii]nvalid (?:choice|option|setting|parameter|hyper-?parameter)|[Uu]nknown (?:option|setting|parameter|optimizer|objective|loss|solver|metric)/,
    by: 'text',
    advice: SETTINGS,
  },
];
