// Why: the registry serves some platform packages of Biome and oxc-parser only in older versions, so npm leaves them out of
// the lock file and then refuses it. Run this after every change of dependencies.
// Adds lock entries for optional platform packages that the lock file names but does not hold, so that `npm ci` accepts it.
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const OS = ['android', 'darwin', 'win32', 'freebsd', 'openharmony', 'linux', 'openbsd', 'netbsd', 'sunos', 'aix'];
const CPU = {
  arm64: 'arm64',
  aarch64: 'arm64',
  x64: 'x64',
  x86_64: 'x64',
  ia32: 'ia32',
  arm: 'arm',
  'arm-eabi': 'arm',
  'arm-gnueabihf': 'arm',
  'arm-musleabihf': 'arm',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
  mips64el: 'mips64el',
  wasm32: 'wasm32',
};
let added = 0;
for (const [path, entry] of Object.entries({ ...lock.packages })) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (lock.packages[`node_modules/${name}`] || lock.packages[`${path}/node_modules/${name}`]) continue;
    const parts = name.split('/').at(-1).split('-');
    const os = OS.find((each) => parts.includes(each));
    const cpu = Object.keys(CPU)
      .sort((a, b) => b.length - a.length)
      .find((each) => `-${parts.join('-')}-`.includes(`-${each}-`));
    if (!/^\d/.test(range)) {
      console.log('range, skipped', path, name, range);
      continue;
    }
    lock.packages[`node_modules/${name}`] = {
      version: range,
      ...(cpu && { cpu: [CPU[cpu]] }),
      ...(entry.dev && { dev: true }),
      optional: true,
      ...(os && { os: [os] }),
      ...(os === 'linux' && { libc: [/musl/.test(name) ? 'musl' : 'glibc'] }),
    };
    console.log('added', name, range, os, CPU[cpu]);
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
console.log(added);
