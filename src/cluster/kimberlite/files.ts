import type { Machine } from '../../sim/machine.ts';
import { journalStamp } from '../host/wall-time.ts';
import { configText } from './config-text.ts';
import type { KimberliteFleet } from './fleet.ts';

const LOG_DIRECTORY = '/var/log/kimberlite';
const ETC_DIRECTORY = '/etc/kimberlite';
const CERTIFICATE_FILE = `${ETC_DIRECTORY}/server.crt`;
/** Settings of the block layer for the data disk. */
const QUEUE_DIRECTORY = '/sys/block/nvme0n1/queue';
const NR_REQUESTS_MAX = 1_024;

/**
 * A replica host's files below the folders of the product, as the operator's shell sees them: the zones on the simulated
 * disk under /var/lib/kimberlite, the server's log, its configuration. The shape is what the shell asks of a host.
 */
export class FleetFiles {
  private readonly fleet: KimberliteFleet;
  /** Files that operators wrote beside the zones (`dd of=/var/lib/kimberlite/test`), by host and path. */
  private readonly extra: Map<string, string>;

  constructor(fleet: KimberliteFleet) {
    this.fleet = fleet;
    this.extra = new Map();
  }

  roots(host: string): readonly string[] {
    return this.replica(host) === null ? [] : [this.fleet.dataDirectory, LOG_DIRECTORY, ETC_DIRECTORY, QUEUE_DIRECTORY];
  }

  /** Text of a file. Zones are binary: instead of their bytes a line says what they are. */
  read(host: string, path: string): string | null {
    const machine = this.replica(host);
    if (machine === null) return null;
    if (path === `${QUEUE_DIRECTORY}/nr_requests`) return `${machine.disk.queue.depth}\n`;
    const own = this.besideZones(machine, host, path);
    if (own !== null) return own;
    if (path === `${LOG_DIRECTORY}/server.log`) return serverLog(this.fleet, machine);
    const etc = this.readEtc(machine, path);
    if (etc !== null) return etc;
    const file = dataFile(this.fleet, path);
    if (file === null) return null;
    const accounted = this.fleet.accounted(machine).get(file);
    if (accounted !== undefined) return `${file}: ${accounted} bytes that the simulation accounts but does not store\n`;
    if (!machine.disk.fileExists(file)) return null;
    return `binary zone ${file}, ${machine.disk.fileSizeBytes(file)} bytes: read it with kimberlite-admin verify or storage export\n`;
  }

  /** What an operator wrote into a file; null when there is none, or no longer. */
  private besideZones(machine: Machine, host: string, path: string): string | null {
    const text = this.extra.get(`${host}:${path}`);
    if (text === undefined) return null;
    const file = dataFile(this.fleet, path);
    const { disk } = machine;
    // Below the data directory it lies on the disk: `rm`, a new disk or a power loss may have taken it.
    return file === null || (disk.fileExists(file) && disk.fileSizeBytes(file) === bytesOf(text)) ? text : null;
  }

  /** Bytes of a zone, or of the old segments; null for files that are kept as text. */
  size(host: string, path: string): number | null {
    const machine = this.replica(host);
    const file = dataFile(this.fleet, path);
    if (machine === null || file === null || this.extra.has(`${host}:${path}`)) return null;
    if (machine.disk.fillBytes > 0 && file === this.fleet.fillName(machine)) return machine.disk.fillBytes;
    return machine.disk.fileExists(file) ? machine.disk.fileSizeBytes(file) : null;
  }

  /** A file below /etc/kimberlite that the product reads, or null. */
  private readEtc(machine: Machine, path: string): string | null {
    const { cluster, environmentFiles } = this.fleet;
    if (path === `${ETC_DIRECTORY}/environment`) return environmentFiles.get(machine.id) ?? null;
    if (path === `${ETC_DIRECTORY}/config.toml`) {
      const rest = configText(cluster.plan, cluster.config, this.fleet.dataDirectory);
      return cluster.enrolment?.configText(machine.id, rest) ?? rest;
    }
    if (path === CERTIFICATE_FILE) return cluster.enrolment?.certificateText(machine.id) ?? null;
    return null;
  }

  list(host: string, path: string): readonly string[] | null {
    const machine = this.replica(host);
    if (machine === null) return null;
    if (path === LOG_DIRECTORY) return ['server.log'];
    if (path === QUEUE_DIRECTORY) return ['nr_requests'];
    if (path === ETC_DIRECTORY) {
      const names = ['config.toml'];
      if (this.fleet.environmentFiles.has(machine.id)) names.push('environment');
      if (this.fleet.cluster.enrolment !== null) names.push('server.crt');
      return names;
    }
    const prefix = path === this.fleet.dataDirectory ? '' : dataFile(this.fleet, path);
    if (prefix === null) return null;
    const names = listData(this.fleet, machine, prefix);
    const folder = `${host}:${path}/`;
    const beside = [...this.extra.keys()]
      .filter((key) => key.startsWith(folder))
      .map((key) => key.slice(folder.length))
      .filter((name) => this.besideZones(machine, host, `${path}/${name}`) !== null);
    if (names === null || beside.length === 0) return names;
    return [...new Set([...names, ...beside])].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** Files beside the zones may be written; the zones themselves are the product's. */
  write(host: string, path: string, text: string): string {
    const machine = this.replica(host);
    if (machine === null) return 'No such file or directory';
    if (path === `${ETC_DIRECTORY}/environment`) {
      this.fleet.environmentFiles.set(machine.id, text);
      return '';
    }
    const { enrolment } = this.fleet.cluster;
    if (enrolment !== null && path === `${ETC_DIRECTORY}/config.toml`) {
      enrolment.writeConfig(machine.id, text);
      return '';
    }
    if (enrolment !== null && path === CERTIFICATE_FILE) {
      enrolment.writeCertificate(machine.id, text);
      return '';
    }
    if (path === `${QUEUE_DIRECTORY}/nr_requests`) {
      // A redirection opens the file for nothing first.
      if (text === '') return '';
      const depth = /^\d{1,5}\s*$/.test(text) ? Number(text) : 0;
      if (depth < 1 || depth > NR_REQUESTS_MAX) return 'Invalid argument';
      machine.disk.queue.setDepthUntilBoot(depth);
      return '';
    }
    const file = dataFile(this.fleet, path);
    if (file !== null) {
      const problem = this.store(machine, file, bytesOf(text), this.besideZones(machine, host, path) !== null);
      if (problem !== '') return problem;
    }
    this.extra.set(`${host}:${path}`, text);
    return '';
  }

  /** Room for a file of that size on the disk; `known` says that an operator wrote it before. What is wrong, or ''. */
  private store(machine: Machine, file: string, sizeBytes: number, known: boolean): string {
    const { disk } = machine;
    if (listData(this.fleet, machine, file) !== null) return 'Is a directory';
    if (disk.fileExists(file) && !known) return 'Operation not permitted (a zone of the server)';
    const error = known ? disk.truncateFile(file, sizeBytes) : disk.createFile(file, sizeBytes);
    return error === '' ? '' : 'No space left on device';
  }

  private replica(host: string): Machine | null {
    const machine = this.fleet.machineOf(host, host);
    return machine !== null && this.fleet.hasService(machine) ? machine : null;
  }
}

function bytesOf(text: string): number {
  let bytes = 0;
  for (const letter of text) {
    const code = letter.codePointAt(0) as number;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Name on the disk of a path below the data directory, or null when it lies elsewhere. */
function dataFile(fleet: KimberliteFleet, path: string): string | null {
  const root = `${fleet.dataDirectory}/`;
  return path.startsWith(root) ? path.slice(root.length) : null;
}

/** Names in a folder of the data directory; null when there is no such folder. */
export function listData(fleet: KimberliteFleet, machine: Machine, folder: string): readonly string[] | null {
  const names = new Set<string>();
  const prefix = folder === '' ? '' : `${folder}/`;
  const all = [...machine.disk.files(), ...fleet.accounted(machine).keys()];
  for (const file of all) {
    if (file.startsWith(prefix)) names.add(file.slice(prefix.length).split('/')[0] as string);
  }
  // The folders themselves stay when their files are removed.
  if (folder === '') for (const name of ['checkpoint', 'log']) names.add(name);
  if (names.size === 0 && folder !== 'log' && folder !== 'checkpoint') return null;
  return [...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The server's log, newest line last: as much of it as the host's journal keeps. */
function serverLog(fleet: KimberliteFleet, machine: Machine): string {
  const lines = machine.journal.filter((line) => line.unit === fleet.unit);
  return lines
    .map((line) => {
      const stamp = journalStamp(fleet.startWallMs + Math.floor(line.atWallUs / 1_000));
      return `${stamp} ${line.level.toUpperCase()} ${line.text}\n`;
    })
    .join('');
}
