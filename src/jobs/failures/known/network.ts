import type { KnownCause } from './known-cause.ts';

const BUSY =
  'A service is asked too often: retry later and with fewer jobs at a time. Let the code wait and ask again.';
const AWAY = 'A service was away or in trouble: retry. If all circuits fail so, see whether it is up.';
const PULL = 'The image could not be fetched just now: retry.';

/** `HTTP 503`, `status code: 503`, `503 Server Error`, `503 Service Unavailable`, for some statuses. */
const http = (status: string): RegExp =>
  new RegExp(
    String.raw`(?:(?<=(?:\bHTTP(?:/[\d.]{1,4})?|[Ss]tatus(?:[ _-]?[Cc]ode)?|[Ee]rror code|failed with code)["']?[\s:=(]{1,4})|` +
      String.raw`(?=\d{3} (?:(?:Client|Server) Error|Unauthorized|Forbidden|Too Many|Service|SERVICE|Bad Gateway|Gateway|Internal Server|Not Found)))` +
      String.raw`\b(?<status>${status})\b`,
  );

/** Images that cannot be fetched. They come before other services: their errors quote all the others. */
export const IMAGES: readonly KnownCause[] = [
  {
    id: 'image_unauthorized',
    class: 'config',
    pattern:
      /[Ff]ailed to pull (?:and unpack )?image "(?<image>[^"\s]{1,300})"[^\n]{0,600}(?:401 Unauthorized|403 Forbidden|unauthorized|denied|authentication required|failed to authorize)/,
    advice:
      'The registry refuses the pull: give the cluster the right to it (pull secret, managed identity).',
  },
  {
    id: 'image_rate',
    class: 'transient',
    pattern: /toomanyrequests|pull rate limit/,
    title: 'the registry limits image pulls (429 toomanyrequests)',
    advice:
      'The image registry limits pulls: retry later, sign in to it, or keep a copy of the image in a registry of your own.',
  },
  {
    id: 'image_missing',
    class: 'config',
    pattern:
      /[Ff]ailed to pull (?:and unpack )?image "(?<image>[^"\s]{1,300})"[^\n]{0,600}(?:not found|manifest unknown|does not exist)/,
    advice: 'There is no such image: correct its name or tag in the environment, or push it.',
  },
  {
    id: 'image_pull',
    class: 'transient',
    pattern:
      /(?:\bimage\b[^\n]{0,80}\bpull|\bpull(?:ing|ed)?\b[^\n]{0,80}\bimage\b)[^\n]{0,300}(?:time-?out|timed out|deadline exceeded|connection (?:refused|reset)|EOF)/i,
    title: 'the image could not be pulled: time-out',
    advice: PULL,
  },
  {
    id: 'image',
    class: 'config',
    pattern: /ErrImagePull|ImagePullBackOff|image could not be pulled/,
    says: 'weak',
    by: 'text',
  },
];

/** Services that do not answer, or answer no. */
export const NETWORK: readonly KnownCause[] = [
  {
    id: 'certificate',
    class: 'config',
    pattern:
      /CERTIFICATE_VERIFY_FAILED|certificate verify failed|self[- ]signed certificate|certificate has expired|x509: certificate|PKIX path building failed/,
    by: 'host',
    advice:
      'The certificate of that service is not trusted: install its authority (`REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE`), or have the certificate renewed.',
  },
  {
    id: 'pip_index',
    class: 'transient',
    pattern: /after connection broken by '(?<error>\w{1,80})/,
    says: 'root',
    title: 'pip could not reach its package index',
    advice: 'The package index was out of reach: retry. If it stays so, see the index URL and the proxy.',
  },
  {
    id: 'dns',
    class: 'transient',
    pattern:
      /Name or service not known|NameResolutionError|Failed to resolve|[Tt]emporary failure in name resolution|getaddrinfo failed|nodename nor servname|UnknownHostException|Could not resolve host|no such host/,
    by: 'host',
    advice:
      'A host name could not be resolved: retry. If it stays so, the name is wrong or the network has no DNS for it.',
  },
  {
    id: 'refused',
    class: 'transient',
    pattern: /Connection refused|ECONNREFUSED|\[Errno 111\]/,
    by: 'host',
    advice: AWAY,
  },
  {
    id: 'throttled',
    class: 'transient',
    pattern: http('429'),
    by: 'host',
    advice: BUSY,
  },
  {
    id: 'not_signed_in',
    class: 'config',
    pattern: http('401|403|407'),
    by: 'host',
    advice:
      'The service refuses these credentials: renew the token or key, or give the identity of the job the right.',
  },
  {
    id: 'not_found',
    class: 'data',
    pattern: http('404|410'),
    by: 'host',
    advice: 'The address leads nowhere: correct it, or put there what it names.',
  },
  { id: 'server_error', class: 'transient', pattern: http('408|409|5\\d\\d'), by: 'host', advice: AWAY },
  {
    id: 'throttled_words',
    class: 'transient',
    pattern:
      /TooManyRequests|Too Many Requests|\bthrottl(?:ed|ing)|RequestLimitExceeded|SlowDown\b|ServerBusy|[Ss]erver is busy|[Rr]ate limit/,
    by: 'text',
    advice: BUSY,
  },
  {
    id: 'reset',
    class: 'transient',
    pattern: /Connection reset by peer|ConnectionResetError|ECONNRESET|\[Errno 104\]|[Cc]onnection was reset/,
    by: 'host',
    advice: AWAY,
  },
  {
    id: 'closed',
    class: 'transient',
    pattern:
      /Remote end closed connection|Connection aborted|IncompleteRead|BrokenPipeError|Server disconnected|ChunkedEncodingError|EOF occurred in violation of protocol|ConnectionAbortedError|server closed the connection unexpectedly|unexpected EOF/,
    by: 'host',
    advice: AWAY,
  },
  {
    id: 'timeout',
    class: 'transient',
    pattern:
      /[Tt]imed out|ReadTimeout|ConnectTimeout|ETIMEDOUT|\[Errno 110\]|DeadlineExceeded|deadline exceeded|Gateway Time-?[Oo]ut|i\/o timeout|TimeoutError|Login timeout expired/,
    by: 'host',
    advice:
      'A service did not answer in time: retry. If it stays so, ask it for less at once or wait longer.',
  },
  {
    id: 'unreachable',
    class: 'transient',
    pattern: /Network is unreachable|No route to host|\[Errno (?:101|113)\]/,
    by: 'host',
    advice: AWAY,
  },
  {
    id: 'service_error',
    class: 'transient',
    pattern:
      /Internal ?Server ?Error|Service ?Unavailable|Bad Gateway|internal server error|Max retries exceeded/,
    by: 'text',
    advice: AWAY,
  },
  {
    id: 'cannot_connect',
    class: 'transient',
    pattern: /[Cc]ould(?: not|n't) connect to|[Ff]ailed to connect to|[Uu]nable to connect/,
    by: 'host',
    advice: AWAY,
  },
];
