// Checks of names, descriptions and tags for personal and secret data. No finding has the text.

import type { FreeTextField } from '../../sensitive-data/inspect-fields.ts';
import type { PersonNames } from '../../sensitive-data/person-names.ts';
import type { AdviceParts, Check, Examination } from './advice-parts.ts';

const noSensitiveText = 'no confidential or personal data in names, descriptions and tags';

/** An object with texts that people wrote. */
interface Written {
  /** Names the object without its texts. */
  readonly subject: string;
  readonly fields: () => readonly FreeTextField[];
}

/** Tags as brokers and configurations have them. */
function tagMap(tags: Readonly<Record<string, string>>): FreeTextField[] {
  return tagFields(Object.entries(tags).map(([key, value]) => ({ key, value })));
}

function tagFields(tags: readonly { readonly key: string; readonly value: string }[]) {
  return tags.flatMap(({ key, value }) => [
    { what: 'tag key', text: key },
    { what: 'tag value', text: value, name: key },
  ]);
}

const named = (text: string): FreeTextField => ({ what: 'name', text });
const described = (text: string | undefined): FreeTextField[] =>
  text === undefined || text === '' ? [] : [{ what: 'description', text }];

function* ofControl({ brokers, configurations }: AdviceParts): Iterable<Written> {
  for (const { id, name, tags, users } of brokers.all()) {
    const userNames = users.map(({ username }) => ({ what: 'user name', text: username }));
    yield {
      subject: `broker ${id}`,
      fields: () => [named(name), ...tagMap(tags), ...userNames],
    };
  }
  for (const { id, name, tags } of configurations.all()) {
    yield { subject: `configuration ${id}`, fields: () => [named(name), ...tagMap(tags)] };
  }
}

function* ofIdentity({ iam: { journal } }: AdviceParts): Iterable<Written> {
  for (const { id, name, tags } of journal.users.values()) {
    yield { subject: `user ${id}`, fields: () => [named(name), ...tagFields(tags)] };
  }
  for (const { id, name } of journal.groups.values()) {
    yield { subject: `group ${id}`, fields: () => [named(name)] };
  }
  for (const { id, name, tags, description } of journal.roles.values()) {
    const fields = () => [named(name), ...described(description), ...tagFields(tags)];
    yield { subject: `role ${id}`, fields };
  }
  for (const { id, name, tags, description } of journal.policies.values()) {
    const fields = () => [named(name), ...described(description), ...tagFields(tags)];
    yield { subject: `policy ${id}`, fields };
  }
}

function* ofKeys({ keys, iam }: AdviceParts): Iterable<Written> {
  for (const { id, accountId, description, tags } of keys.keys()) {
    if (accountId !== iam.accountId()) continue; // a key that is owned by the service
    yield { subject: `key ${id}`, fields: () => [...described(description), ...tagMap(tags)] };
  }
  for (const { name, keyId, accountId } of keys.aliases()) {
    if (accountId !== iam.accountId()) continue;
    yield { subject: `alias of key ${keyId}`, fields: () => [named(name)] };
  }
}

const sensitiveName: Check = {
  name: 'sensitive-name',
  why: noSensitiveText,
  *examinations(parts) {
    const inspection = inspectionOf(parts);
    for (const written of [ofControl, ofIdentity, ofKeys]) {
      for (const { subject, fields } of written(parts)) {
        yield examination(subject, fields, inspection);
      }
    }
  },
};

type Inspect = (fields: readonly FreeTextField[]) => Promise<readonly string[]>;

function examination(subject: string, fields: Written['fields'], inspect: Inspect): Examination {
  return async () => {
    const found = await inspect(fields());
    if (found.length === 0) return undefined;
    return {
      subject,
      what: `contains ${found.join(', ')}`,
      fix: 'give it a name, description or tags without such data; what has a fixed name is created again',
    };
  };
}

/** Loads the rules once for all texts; each result is a kind and the field that it is in. */
function inspectionOf({ settings }: AdviceParts): Inspect {
  const { personNames } = settings;
  let list: PersonNames | undefined;
  return async (fields) => {
    const { inspectFields } = await import('../../sensitive-data/inspect-fields.ts');
    if (list === undefined && personNames.length > 0) {
      const { PersonNames: List } = await import('../../sensitive-data/person-names.ts');
      list = new List(personNames);
    }
    const findings = await inspectFields(fields, list, nextTurn);
    const texts = findings.flatMap(({ field, kinds }) =>
      kinds.map((kind) => `${kind} in ${field.what}`),
    );
    return [...new Set(texts)];
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const namesNotInspected: Check = {
  name: 'names-not-inspected',
  why: noSensitiveText,
  *examinations({ settings }) {
    yield () =>
      settings.sensitiveNames === 'off'
        ? {
            subject: 'setting --sensitive-names',
            what: 'names, descriptions and tags of calls are not inspected',
            fix: 'waxwing serve --sensitive-names warn',
          }
        : undefined;
  },
};

/** The checks of names. */
export const nameChecks: readonly Check[] = [sensitiveName, namesNotInspected];
