// The files of users from which ActiveMQ checks log-ins.

import { loginName } from './configuration.ts';

/** A user with its password. */
export interface PairUser {
  readonly username: string;
  readonly password: string;
  readonly groups: readonly string[];
}

/** The file that says how log-ins are checked (JAAS). */
export const loginFile = `${loginName} {
  org.apache.activemq.jaas.PropertiesLoginModule required
    org.apache.activemq.jaas.properties.user="users.properties"
    org.apache.activemq.jaas.properties.group="groups.properties"
    reload=true;
};
`;

/** The passwords of users, by name. */
export function usersFile(users: readonly PairUser[]): string {
  return users.map(({ username, password }) => line(username, password)).join('');
}

/** The users of groups, by name. */
export function groupsFile(users: readonly PairUser[]): string {
  const names = [...new Set(users.flatMap(({ groups }) => groups))].sort();
  return names
    .map((name) => {
      const members = users.filter(({ groups }) => groups.includes(name));
      return line(name, members.map(({ username }) => username).join(','));
    })
    .join('');
}

/** A line of a properties file: every character besides letters and digits is written as its number. */
function line(key: string, value: string): string {
  return `${escaped(key)}=${escaped(value)}\n`;
}

function escaped(text: string): string {
  return text.replace(
    /[^0-9A-Za-z]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
