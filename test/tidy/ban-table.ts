/**
 * What the deterministic layers may not use, and what stands in for it (R20-R24a of the rules; the reasons are told in
 * docs/determinism.md). `rule` groups names for fixtures and messages.
 */
export interface Ban {
  readonly rule: string;
  readonly names: readonly string[];
  readonly use: string;
}

/** Folders of `src` in which a run's events are computed. */
export const DETERMINISTIC_FOLDERS = ['src/sim/', 'src/cluster/', 'src/faults/', 'src/checkers/'] as const;

/** Names that may not be referred to at all, as values or as types. */
export const GLOBAL_BANS: readonly Ban[] = [
  {
    rule: 'global-object',
    names: ['globalThis', 'global', 'window', 'self'],
    use: 'what the Host capability offers; no access through the global object',
  },
  {
    rule: 'date',
    names: ['Date', 'Temporal'],
    use: 'virtual time: integer microseconds from the Host clock (src/sim/time.ts)',
  },
  {
    rule: 'timer',
    names: [
      'setTimeout',
      'setInterval',
      'setImmediate',
      'queueMicrotask',
      'clearTimeout',
      'clearInterval',
      'clearImmediate',
    ],
    use: 'a timer of the Host; the kernel draws its delay',
  },
  {
    rule: 'performance',
    names: ['performance'],
    use: 'counts of events and virtual time; wall time is measured in src/cli and bench',
  },
  {
    rule: 'process',
    names: ['process', 'Deno', 'Bun'],
    use: 'a field of the plan; the environment is read in src/cli',
  },
  {
    rule: 'crypto',
    names: ['crypto', 'Crypto', 'SubtleCrypto'],
    use: 'the keyed mix (src/sim/mix.ts) for decisions; a pure-JavaScript checksum for bytes',
  },
  { rule: 'console', names: ['console'], use: 'Host.log or a trace record; words are made in src/report' },
  { rule: 'intl', names: ['Intl'], use: 'integers in the data, and wording in src/report' },
  {
    rule: 'weak',
    names: ['WeakRef', 'FinalizationRegistry'],
    use: 'explicit ownership: when the collector runs differs from machine to machine',
  },
  {
    rule: 'bigint',
    names: ['BigInt', 'BigInt64Array', 'BigUint64Array'],
    use: 'two 32-bit halves (BigInt is about 50 times slower)',
  },
  {
    rule: 'promise',
    names: ['Promise', 'PromiseLike', 'AsyncIterable', 'AsyncGenerator', 'AsyncIterator'],
    use: 'a handler that runs to completion, or a generator that the kernel resumes',
  },
  {
    rule: 'io',
    names: [
      'fetch',
      'XMLHttpRequest',
      'WebSocket',
      'Worker',
      'MessageChannel',
      'BroadcastChannel',
      'Atomics',
      'SharedArrayBuffer',
      'require',
    ],
    use: 'messages and disk requests of the Host',
  },
  {
    rule: 'buffer',
    names: ['Buffer'],
    use: 'Uint8Array and DataView, little-endian (a Buffer may hold bytes of an earlier one)',
  },
  { rule: 'eval', names: ['eval', 'Function'], use: 'a function that the parser can see; as a type, its signature' },
];

/** Objects of which only the listed members may be used, and never the object as a value. */
export const MEMBER_ALLOW: readonly { object: string; rule: string; names: readonly string[]; use: string }[] = [
  {
    object: 'Math',
    rule: 'math',
    names: ['floor', 'ceil', 'imul', 'sqrt', 'min', 'max', 'abs', 'trunc', 'clz32'],
    use: 'Math.floor, ceil, imul, sqrt, min, max, abs, trunc or clz32; the keyed mix (src/sim/mix.ts) for randomness, an integer table for logarithms and powers, whose last digit the language leaves open',
  },
];

/** Members of these objects that may not be used; other members may, but the object may not be renamed or unpacked. */
export const MEMBER_BANS: readonly (Ban & { object: string })[] = [
  {
    object: 'Object',
    rule: 'object-keys',
    names: ['keys', 'values', 'entries', 'getOwnPropertyNames', 'getOwnPropertyDescriptors'],
    use: 'an array of names `as const`, or a Map: numeric-looking keys of an object come out in numeric order',
  },
  { object: 'Reflect', rule: 'object-keys', names: ['ownKeys'], use: 'an array of names `as const`, or a Map' },
];

/** Members that may not be called on anything, whatever the object is. */
export const METHOD_BANS: readonly Ban[] = [
  {
    rule: 'locale',
    names: [
      'localeCompare',
      'toLocaleString',
      'toLocaleUpperCase',
      'toLocaleLowerCase',
      'toLocaleDateString',
      'toLocaleTimeString',
    ],
    use: '`a < b ? -1 : a > b ? 1 : 0`; these depend on the ICU data of the machine',
  },
  {
    rule: 'normalize',
    names: ['normalize'],
    use: 'the string as it is; Unicode tables differ between versions of the engine',
  },
  {
    rule: 'bigint',
    names: ['getBigInt64', 'getBigUint64', 'setBigInt64', 'setBigUint64'],
    use: 'two getUint32 / setUint32',
  },
];
