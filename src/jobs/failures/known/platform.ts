import type { KnownCause } from './known-cause.ts';

/** What the platform did to a job that was fine: preempted, moved, disturbed by a broken device or another writer. */
export const PLATFORM: readonly KnownCause[] = [
  {
    id: 'preempted',
    class: 'transient',
    pattern:
      /\bpre-?empt(?:ed|ion)\b|SPOT_INSTANCE|\bspot (?:instance|node|vm)|reclaimed by the cloud|\bevicted\b/i,
    title: 'preempted: the node was taken away',
    says: 'root',
    advice:
      'The node was taken away; retry. If it happens often, use nodes that are not preempted, or save checkpoints.',
  },
  {
    id: 'interrupted',
    class: 'transient',
    pattern: /^KeyboardInterrupt\b/,
    title: 'interrupted (SIGINT)',
    advice: 'Somebody interrupted it: retry.',
  },
  {
    id: 'node_shut_down',
    class: 'transient',
    pattern: /node (?:is )?shut(?:ting )?down|NodeShutdown/,
    title: 'the node was shut down',
  },
  {
    id: 'node_died',
    class: 'transient',
    pattern:
      /node has died|NodeDiedError|ActorDiedError|OwnerDiedError|ObjectLostError|node was terminated unexpectedly/,
    title: 'the node of a Ray worker died',
  },
  {
    id: 'ray_worker_died',
    class: 'transient',
    pattern: /WorkerCrashedError|[Ww]orker died (?:unexpectedly|or was killed)/,
    title: 'a Ray worker died',
    advice: 'Retry once. If it dies again, look at its memory and at the log of the worker.',
  },
  {
    id: 'nccl_timeout',
    class: 'transient',
    pattern: /Watchdog caught collective operation timeout|NCCL[^\n]{0,80}(?:timed out|time-?out)/,
    title: 'NCCL: a collective operation timed out',
    says: 'root',
    advice:
      'A worker did not answer the others: retry once. If it comes back, one rank fails or waits (unequal data, another error earlier in its log), or the network between the nodes is broken.',
  },
  {
    id: 'nccl',
    class: 'transient',
    pattern:
      /NCCL error|nccl(?:System|Remote|Internal|UnhandledCuda|InvalidUsage)\w{0,20}|DistBackendError|NCCL WARN/,
    by: 'text',
  },
  {
    id: 'gpu_broken',
    class: 'transient',
    pattern:
      /uncorrectable ECC|fallen off the bus|Unable to determine the device handle|unspecified launch failure|hardware stack error|NVRM: Xid/,
    by: 'text',
    advice: 'A GPU is faulty: retry on another node, and have this one looked at.',
  },
  {
    id: 'cudnn',
    class: 'transient',
    pattern: /CUDNN_STATUS_(?<status>[A-Z_]{1,60})/,
    advice:
      'cuDNN failed inside: retry once on another node. If it comes back, the memory of the GPU is full (smaller batch), or cuDNN and driver do not fit.',
  },
  {
    id: 'stale_handle',
    class: 'transient',
    pattern: /Stale file handle|\[Errno 116\]/,
    title: 'Stale file handle',
  },
  {
    id: 'io_error',
    class: 'transient',
    pattern: /Input\/output error|\[Errno 5\]|Transport endpoint is not connected|\[Errno 107\]/,
    title: 'Input/output error',
    advice:
      'A disk or mount failed: retry. If it comes back for the same file, copy the file anew; if for all, look at the storage.',
  },
  {
    id: 'concurrent_write',
    class: 'transient',
    pattern:
      /(?<error>Concurrent(?:Append|Modification|DeleteRead|DeleteDelete|Transaction|Write)Exception|MetadataChangedException|ProtocolChangedException|CommitFailedError|DELTA_CONCURRENT_[A-Z_]{1,40}|by a concurrent (?:update|transaction))/,
    title: 'another writer changed the Delta table meanwhile',
    advice:
      'Another job wrote to the same table at that moment: retry. If it comes back, let the jobs write apart (partitions) or one after the other.',
  },
  {
    id: 'deadlock',
    class: 'transient',
    pattern: /[Dd]eadlock (?:detected|found)|DeadlockDetected|could not serialize access/,
    title: 'deadlock in the database',
  },
  {
    id: 'database_locked',
    class: 'transient',
    pattern: /database is locked/,
    title: 'database is locked',
    advice: 'Another process held the SQLite file: retry, with fewer jobs at a time on the same file.',
  },
  {
    id: 'no_output',
    class: 'code',
    pattern: /failed to save outputs|executor error: open \/tmp\/outputs/,
    title: 'an output that was promised was not written',
  },
  {
    id: 'shuffle_fetch',
    class: 'transient',
    pattern: /FetchFailedException|MetadataFetchFailed/,
    title: 'Spark: shuffle data could not be fetched',
    says: 'root',
    advice:
      'A Spark executor went away with its shuffle data: retry. If it comes back, executors run out of memory or are preempted.',
  },
  {
    id: 'mount',
    class: 'transient',
    pattern: /FailedMount|MountVolume\.\w{1,40} failed|FailedAttachVolume/,
    title: 'a volume could not be mounted in time',
  },
];
