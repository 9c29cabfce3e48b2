// Rules for the values of RabbitMQ configurations.

/** The rule for a key of a RabbitMQ configuration. */
export interface KeyRule {
  readonly isAllowed: (value: string) => boolean;
  /** The end of a sentence, for example `true or false`. */
  readonly allowed: string;
  /** The first major version with this key. */
  readonly sinceMajor?: number;
}

/** A whole number. */
export function within(min: number, max: number): KeyRule {
  return {
    isAllowed: (value) => /^\d{1,10}$/.test(value) && Number(value) >= min && Number(value) <= max,
    allowed: `a whole number from ${min} to ${max}`,
  };
}

/** One of several words. */
export function oneOf(...values: readonly string[]): KeyRule {
  return { isAllowed: (value) => values.includes(value), allowed: values.join(' or ') };
}

/** `true` or `false`. */
export const flag = oneOf('true', 'false');

/** Any text. */
export const text: KeyRule = {
  isAllowed: (value) => value.length > 0 && value.length <= 2048,
  allowed: 'a text of 1 to 2048 characters',
};

/** The name of an exchange or a virtual host. */
export const shortName: KeyRule = {
  isAllowed: (value) => value.length > 0 && Buffer.byteLength(value) <= 255,
  allowed: 'a name of 1 to 255 bytes',
};

/** A URL for TLS, without credentials. */
export const httpsUrl: KeyRule = {
  isAllowed: (value) => /^https:\/\/[^\s@]+$/.test(value) && URL.canParse(value),
  allowed: 'a URL that begins with https:// and has no user name',
};
