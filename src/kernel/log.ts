import { REDACTED } from './redact.ts';

/** Facts of one line, beside its words: ids, names, numbers. Never what somebody sent or a secret. */
export type LogFacts = Readonly<Record<string, unknown>>;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What a process that stays says: one line each, with facts for machines. */
export type Log = Readonly<Record<LogLevel, (facts: LogFacts, message: string) => void>>;

/**
 * A log of JSON lines (`time`, `level`, `message`, facts), or of text for people. `clean` takes out of a line what must
 * not stand in it.
 */
export async function openLog(options: {
  readonly format: LogFormat;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly clean?: (line: string) => string;
}): Promise<Log> {
  const { pino, stdTimeFunctions } = await import('pino');
  const { clean = (line: string): string => line } = options;
  const lineOf = options.format === 'json' ? (line: string): string => line : textOf;
  const lines = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      errorKey: 'error',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: errorFacts },
    },
    { write: (line) => options.write(withoutTokens(clean(lineOf(line)))) },
  );
  return {
    debug: (facts, message) => lines.debug(facts, message),
    info: (facts, message) => lines.info(facts, message),
    warn: (facts, message) => lines.warn(facts, message),
    error: (facts, message) => lines.error(facts, message),
  };
}

/** An API token is known by how it looks, wherever it comes from. */
const withoutTokens = (line: string): string => line.replaceAll(/\bty_[\w-]{16,}/g, REDACTED);

function errorFacts(error: unknown): LogFacts {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause === undefined ? {} : { cause: errorFacts(cause) }) };
}

/** `12:03:04 Run 3 started.  run=3`: what people need of a line. */
function textOf(line: string): string {
  const { time, level, message, error, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const at = typeof time === 'string' ? time.slice(11, 19) : '';
  const told = Object.entries(facts)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const stack = isRecord(error) ? `\n${String(error['stack'] ?? error['message'])}` : '';
  const grave = level === 'warn' || level === 'error' ? `${level}: ` : '';
  return `${at} ${grave}${String(message)}${told.length === 0 ? '' : `  ${told.join(' ')}`}${stack}\n`;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
