// Log-ins with client certificates.

import type { LoginOptions } from '../../../broker/logins/logins.ts';
import type { RabbitMqSettings } from '../../../control/configurations/rabbitmq/settings.ts';
import type { ClientCertificateOptions } from '../../../net/tls-listener.ts';

/** The certificates that clients are asked for; undefined if they are not. */
export function clientCertificateOptions(
  settings: RabbitMqSettings | undefined,
): ClientCertificateOptions | undefined {
  const { authorities = null, isRequired = false } = settings?.clientCertificates ?? {};
  return authorities === null ? undefined : { authorities, isRequired };
}

/** The mechanisms, and how a certificate states the user name. The code for it is loaded when it is used. */
export function certificateLogins(
  settings: RabbitMqSettings | undefined,
): Pick<LoginOptions, 'mechanisms' | 'certificateName'> {
  if (settings === undefined) return {};
  const { mechanisms, clientCertificates } = settings;
  if (clientCertificates === undefined) return { mechanisms };
  return {
    mechanisms,
    certificateName: async ({ raw }) => {
      const { certificateName } = await import('../../../crypto/certificate-names.ts');
      return certificateName(raw, clientCertificates.userName);
    },
  };
}
