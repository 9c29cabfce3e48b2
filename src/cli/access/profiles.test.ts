import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { appendProfile, hasProfile, readProfile } from './profiles.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-profiles-'));
after(() => rmSync(folder, { recursive: true }));
const files = { config: join(folder, 'aws', 'config'), credentials: join(folder, 'credentials') };

const config = `# a comment
[default]
region=eu-central-1
[profile  anna]
region = us-east-1
unknown = x
s3 =
  addressing_style = path
[profile anna-key]
region = us-west-2
`;

test('a profile is read from both files', async () => {
  const written = { ...files, config: join(folder, 'config') };
  writeFileSync(written.config, config);
  writeFileSync(written.credentials, '[anna]\r\naws_access_key_id = AKIA1\r\n[default]\n');
  assert.deepEqual(await readProfile('anna', written), {
    region: 'us-east-1',
    aws_access_key_id: 'AKIA1',
  });
  assert.deepEqual(await readProfile('default', written), { region: 'eu-central-1' });
  assert.equal(await hasProfile('anna-key', written), true);
  assert.equal(await hasProfile('ann', written), false);
  await assert.rejects(readProfile('ann', written), { code: 'profile-invalid' });
});

test('a new file with a profile is private, and existing text stays', async () => {
  await appendProfile('config', 'bert', { region: 'us-east-1' }, files);
  await appendProfile('config', 'carl', { role_arn: 'arn:x', source_profile: 'bert' }, files);
  assert.equal(statSync(files.config).mode & 0o777, 0o600);
  assert.equal(
    readFileSync(files.config, 'utf8'),
    '[profile bert]\nregion = us-east-1\n\n[profile carl]\nrole_arn = arn:x\nsource_profile = bert\n',
  );
  assert.deepEqual(await readProfile('carl', files), { role_arn: 'arn:x', source_profile: 'bert' });
});
