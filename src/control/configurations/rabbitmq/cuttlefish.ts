// The parser of RabbitMQ configurations.

import { refuse } from '../../rules.ts';
import { configurationLimits } from '../limits.ts';
import type { KeyRule } from './key-rule.ts';
import { isForbidden, keyRule } from './keys.ts';
import { whyUnsupported } from './optional-protocols.ts';
import { type RabbitMqSettings, readSettings } from './settings.ts';
import { SettingsError } from './settings-error.ts';

/** A setting of a RabbitMQ configuration. */
export interface Setting {
  readonly key: string;
  readonly value: string;
}

/**
 * Parses a RabbitMQ configuration: lines `key = value`, empty lines, and comments after `#`. A value can have
 * several lines between `'''`.
 *
 * @param major the major version of the engine: 3 or 4
 * @throws {ControlError} 'bad-request' with the line number; the message does not contain values
 */
export function readCuttlefish(text: string, major: number): readonly Setting[] {
  const settings = settingsIn(text, major);
  complete(settings);
  return [...settings].map(([key, value]) => ({ key, value }));
}

/**
 * Reads a RabbitMQ configuration in the form that brokers use.
 *
 * @param major the major version of the engine: 3 or 4
 * @throws {ControlError} 'bad-request'
 */
export function readRabbitMqSettings(text: string, major: number): RabbitMqSettings {
  return complete(settingsIn(text, major));
}

/** @throws {ControlError} 'bad-request' if settings are incomplete or contradict each other */
function complete(settings: ReadonlyMap<string, string>): RabbitMqSettings {
  try {
    return readSettings(settings);
  } catch (error) {
    if (error instanceof SettingsError)
      throw refuse('data', `The configuration: ${error.message}.`);
    throw error;
  }
}

function settingsIn(text: string, major: number): Map<string, string> {
  const lines = text.split(/\r?\n/);
  const { lineCountMax } = configurationLimits;
  if (lines.length > lineCountMax) {
    throw refuse(
      'data',
      `The configuration has ${lines.length} lines; at most ${lineCountMax} are allowed.`,
    );
  }
  const settings = new Map<string, string>();
  for (let i = 0; i < lines.length; i++) {
    const number = i + 1;
    let line = lines[i] ?? '';
    // A value that begins with three quotation marks continues up to the next ones.
    if (/^[^#=]*=\s*'''/.test(line)) {
      while (line.split(quotes).length === 2 && i + 1 < lines.length) line += `\n${lines[++i]}`;
    }
    const setting = readLine(line, number);
    if (setting === undefined) continue;
    check(setting, number, major);
    settings.set(setting.key, setting.value);
  }
  requireRole(settings);
  return settings;
}

const quotes = "'''";

function readLine(line: string, number: number): Setting | undefined {
  const trimmed = line.trim();
  if (trimmed === '' || trimmed.startsWith('#')) return undefined;
  const equals = trimmed.indexOf('=');
  const key = trimmed.slice(0, Math.max(equals, 0)).trim();
  if (!/^[A-Za-z0-9_$][\w.$-]{0,255}$/.test(key)) {
    throw refuse('data', `Line ${number} of the configuration is not of the form key = value.`);
  }
  return { key, value: withoutQuotes(trimmed.slice(equals + 1).trim()) };
}

function withoutQuotes(value: string): string {
  if (/^'''.*'''$/s.test(value) && value.length >= 6) return value.slice(3, -3).trim();
  return /^'.*'$/s.test(value) ? value.slice(1, -1) : value;
}

function check({ key, value }: Setting, number: number, major: number): void {
  const rule = isForbidden(key) ? undefined : keyRule(key);
  if (rule === undefined) {
    const why = whyUnsupported(key);
    const text = `key [${key}] is not supported${why === undefined ? '' : `: ${why}`}.`;
    throw refuse('data', `Line ${number} of the configuration: ${text}`);
  }
  if (major < (rule.sinceMajor ?? 0)) {
    const text = `key [${key}] requires RabbitMQ ${rule.sinceMajor} or later.`;
    throw refuse('data', `Line ${number} of the configuration: ${text}`);
  }
  checkValue(rule, key, value, number);
}

function checkValue(rule: KeyRule, key: string, value: string, number: number): void {
  const { valueCharactersMax } = configurationLimits;
  if (value.length > valueCharactersMax) {
    const found = `the value of key [${key}] has ${value.length} characters`;
    throw refuse(
      'data',
      `Line ${number} of the configuration: ${found}; at most ${valueCharactersMax} are allowed.`,
    );
  }
  if (rule.isAllowed(value)) return;
  const text = `the value of key [${key}] must be ${rule.allowed}.`;
  throw refuse('data', `Line ${number} of the configuration: ${text}`);
}

/** Requires a role if secrets are fetched from another service. */
function requireRole(settings: ReadonlyMap<string, string>): void {
  const role = 'aws.arns.assume_role_arn';
  const named = [...settings.keys()].find((key) => key.startsWith('aws.arns.') && key !== role);
  if (named === undefined || settings.has(role)) return;
  throw refuse(
    'data',
    `The configuration has key [${named}], but not [${role}], which it requires.`,
  );
}
