// Makes the Debian package, `dist/waxwing_VERSION_all.deb`, from the folder that `package.mjs` has
// filled. `npm run package:deb` runs both. The same sources make the same bytes.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { makeReadable } from './file-modes.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'dist', 'package');
const out = join(root, 'dist', 'debian');
/** The time of all files in the package, seconds since 1970: the first of 2026. */
const sourceDateEpoch = '1767225600';

if (!existsSync(program)) {
  process.stderr.write(`waxwing: ${program} does not exist: run 'npm run package' first\n`);
  process.exit(1);
}
const { version } = JSON.parse(readFileSync(join(program, 'package.json'), 'utf8'));
const control = (name) => readFileSync(join(root, 'packaging', 'debian', name), 'utf8');

function write(path, text, mode = 0o644) {
  const file = join(out, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

rmSync(out, { recursive: true, force: true });
write('DEBIAN/control', control('control').replace('@VERSION@', version));
write('DEBIAN/conffiles', control('conffiles'));
for (const name of ['postinst', 'prerm', 'postrm']) write(`DEBIAN/${name}`, control(name), 0o755);
cpSync(program, join(out, 'usr/lib/waxwing'), { recursive: true });
mkdirSync(join(out, 'usr/bin'), { recursive: true });
symlinkSync('../lib/waxwing/bin/waxwing.mjs', join(out, 'usr/bin/waxwing'));
write('etc/waxwing/waxwing.env', control('waxwing.env'));
for (const unit of ['waxwing.service', 'waxwing-backup.service', 'waxwing-backup.timer']) {
  write(`lib/systemd/system/${unit}`, readFileSync(join(root, 'packaging/systemd', unit)));
}
for (const name of ['README.md', 'SECURITY.md', 'LICENSE', 'THIRD-PARTY-NOTICES']) {
  const shown = name === 'LICENSE' ? 'copyright' : name;
  write(`usr/share/doc/waxwing/${shown}`, readFileSync(join(program, name)));
}
const changes = readFileSync(join(program, 'CHANGELOG.md'));
write('usr/share/doc/waxwing/changelog.gz', gzipSync(changes, { level: 9 }));
chmodSync(join(out, 'usr/lib/waxwing/bin/waxwing.mjs'), 0o755);

makeReadable(out);

const file = `waxwing_${version}_all.deb`;
execFileSync('dpkg-deb', ['--build', '--root-owner-group', out, join(root, 'dist', file)], {
  env: { ...process.env, SOURCE_DATE_EPOCH: sourceDateEpoch },
  stdio: ['ignore', 'ignore', 'inherit'],
});
console.log(`dist/${file}`);
