import { encodeUtf8ToBytes, InMemoryFs } from 'just-bash';

/**
 * Files of a simulated host, as its shells see them below certain folders (`/var/lib/kimberlite`). Everything else on the
 * host is the shell's own and lives in memory. All paths are absolute and normalised.
 */
export interface HostFiles {
  /** Folders that belong to the host's model. */
  roots(host: string): readonly string[];
  /** Text of a file; null when there is none (or when it is a folder). */
  read(host: string, path: string): string | null;
  /** Bytes of a file whose text only describes it; null where its text is all of it. */
  size?(host: string, path: string): number | null;
  /** Names in a folder, sorted; null when it is none. */
  list(host: string, path: string): readonly string[] | null;
  /** Replaces a file's text; answers '' or the reason of a refusal (`No space left on device`). */
  write(host: string, path: string, text: string): string;
}

/** No simulated folders at all. */
export const NO_HOST_FILES: HostFiles = { roots: () => [], read: () => null, list: () => null, write: () => '' };

/** A write that the host's model does not take: what the tool prints and fails with, and no fault of firedrill. */
export class WriteRefused extends Error {}

type Path = string;

/** A host's files: those of the model below its roots, those of the shell elsewhere. */
export class HostFileSystem extends InMemoryFs {
  private readonly host: string;
  private readonly model: HostFiles;
  private readonly roots: readonly string[];

  constructor(host: string, model: HostFiles) {
    super();
    this.host = host;
    this.model = model;
    this.roots = model.roots(host);
    for (const path of [...this.roots, '/tmp', '/root', '/home']) this.mkdirSync(path, { recursive: true });
  }

  /** Whether the fleet's own `ls`, `rm`, `du`, `cp` and `tar` work on this absolute path: only on the first root, the data disk. */
  isOnDataDisk(path: Path): boolean {
    const root = this.roots[0];
    return root !== undefined && (path === root || path.startsWith(`${root}/`));
  }

  /** Whether an absolute path belongs to the model. */
  owns(path: Path): boolean {
    return this.roots.some((root) => path === root || path.startsWith(`${root}/`));
  }

  /** Text of any file at once; null when there is none. */
  readTextNow(path: Path): string | null {
    const full = this.resolvePath('/', path);
    if (this.owns(full)) return this.model.read(this.host, full);
    // InMemoryFs reads asynchronously only; its table of entries is what its own methods use.
    const entries = (this as unknown as { data: Map<string, { content?: string | Uint8Array }> }).data;
    const content = entries.get(full)?.content;
    if (content === undefined) return null;
    return typeof content === 'string' ? content : new TextDecoder().decode(content);
  }

  /** Writes any file at once. @throws WriteRefused naming the path when the model refuses */
  writeTextNow(path: Path, text: string): void {
    const full = this.resolvePath('/', path);
    if (!this.owns(full)) {
      this.writeFileSync(full, text);
      return;
    }
    const problem = this.model.write(this.host, full, text);
    if (problem !== '') throw new WriteRefused(`${full}: ${problem}`);
  }

  private modelText(path: Path): string | null {
    const full = this.resolvePath('/', path);
    if (!this.owns(full)) return null;
    const text = this.model.read(this.host, full);
    if (text === null) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return text;
  }

  override async readFile(path: Path, options?: Parameters<InMemoryFs['readFile']>[1]): Promise<string> {
    return this.modelText(path) ?? super.readFile(path, options);
  }

  override async readFileBytes(path: Path): ReturnType<InMemoryFs['readFileBytes']> {
    const text = this.modelText(path);
    return text === null ? super.readFileBytes(path) : encodeUtf8ToBytes(text);
  }

  override async readFileBuffer(path: Path): Promise<Uint8Array> {
    const text = this.modelText(path);
    return text === null ? super.readFileBuffer(path) : new TextEncoder().encode(text);
  }

  override async writeFile(...[path, content, options]: Parameters<InMemoryFs['writeFile']>): Promise<void> {
    if (!this.owns(this.resolvePath('/', path))) return super.writeFile(path, content, options);
    this.writeTextNow(path, textOf(content, options));
  }

  override async appendFile(...[path, content, options]: Parameters<InMemoryFs['appendFile']>): Promise<void> {
    if (!this.owns(this.resolvePath('/', path))) return super.appendFile(path, content, options);
    this.writeTextNow(path, (this.readTextNow(path) ?? '') + textOf(content, options));
  }

  override async exists(path: Path): Promise<boolean> {
    const full = this.resolvePath('/', path);
    if (!this.owns(full)) return super.exists(path);
    return this.model.read(this.host, full) !== null || this.model.list(this.host, full) !== null;
  }

  override async stat(path: Path): ReturnType<InMemoryFs['stat']> {
    const full = this.resolvePath('/', path);
    if (!this.owns(full)) return super.stat(path);
    const isDirectory = this.model.list(this.host, full) !== null;
    const text = isDirectory ? '' : this.modelText(full);
    const size = this.model.size?.(this.host, full) ?? new TextEncoder().encode(text ?? '').length;
    const identity = `model:${this.host}:${full}`;
    return { isFile: !isDirectory, isDirectory, isSymbolicLink: false, mode: 0o644, size, mtime: new Date(), identity };
  }

  override async lstat(path: Path): ReturnType<InMemoryFs['lstat']> {
    return this.owns(this.resolvePath('/', path)) ? this.stat(path) : super.lstat(path);
  }

  override async readdir(path: Path): Promise<string[]> {
    const full = this.resolvePath('/', path);
    if (!this.owns(full)) return super.readdir(path);
    const names = this.model.list(this.host, full);
    if (names === null) throw new Error(`ENOENT: no such file or directory, scandir '${path}'`);
    return [...names];
  }

  override async readdirWithFileTypes(path: Path): ReturnType<InMemoryFs['readdirWithFileTypes']> {
    const full = this.resolvePath('/', path);
    if (!this.owns(full)) return super.readdirWithFileTypes(path);
    return (await this.readdir(path)).map((name) => {
      const isDirectory = this.model.list(this.host, `${full}/${name}`) !== null;
      return { name, isFile: !isDirectory, isDirectory, isSymbolicLink: false };
    });
  }

  override async rm(path: Path, options?: Parameters<InMemoryFs['rm']>[1]): Promise<void> {
    this.refuse(path, 'rm');
    return super.rm(path, options);
  }

  override async mkdir(path: Path, options?: Parameters<InMemoryFs['mkdir']>[1]): Promise<void> {
    this.refuse(path, 'mkdir');
    return super.mkdir(path, options);
  }

  override async cp(...[from, to, options]: Parameters<InMemoryFs['cp']>): Promise<void> {
    this.refuse(to, 'cp');
    const text = this.modelText(from);
    return text === null ? super.cp(from, to, options) : super.writeFile(to, text);
  }

  override async mv(from: Path, to: Path): Promise<void> {
    this.refuse(from, 'mv');
    this.refuse(to, 'mv');
    return super.mv(from, to);
  }

  private refuse(path: Path, call: string): void {
    if (!this.owns(this.resolvePath('/', path))) return;
    throw new Error(`EPERM: operation not permitted, ${call} '${path}' (the fleet offers no command for it)`);
  }
}

/** Text of what a redirection writes: just-bash passes bytes as a string with one character each (`binary`). */
function textOf(content: string | Uint8Array, options: unknown): string {
  if (typeof content !== 'string') return new TextDecoder().decode(content);
  const encoding = typeof options === 'string' ? options : (options as { encoding?: string } | undefined)?.encoding;
  if (encoding !== 'binary' && encoding !== 'latin1') return content;
  return new TextDecoder().decode(Uint8Array.from(content, (letter) => letter.charCodeAt(0)));
}
