// The IAM operations on outbound web identity federation.

import { boolean, string, structure } from '../../../aws/shapes/shape.ts';
import { webIdentityPath } from '../../../identity/federation/web-identity-tokens.ts';
import { answer, done, everything, iamOperation } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import { nothing } from '../shapes/common.ts';

const issuerUrl = ({ apiUrl }: IamParts, issuerId: string) =>
  `${apiUrl()}${webIdentityPath}/${issuerId}`;

/** Enables web identity tokens, with new keys. */
export const enableOutboundWebIdentityFederation = (parts: IamParts) =>
  iamOperation('EnableOutboundWebIdentityFederation', {
    input: structure({}),
    output: structure({ IssuerIdentifier: string() }),
    resources: everything,
    handle: async () => {
      const { webIdentities } = parts.iam;
      webIdentities.checkIsDisabled();
      const keys = await webIdentities.newKeys();
      return () =>
        answer(webIdentities.enable(keys), (issuerId) => ({
          IssuerIdentifier: issuerUrl(parts, issuerId),
        }));
    },
  });

/** Ends the issue of web identity tokens. */
export const disableOutboundWebIdentityFederation = ({ iam }: IamParts) =>
  iamOperation('DisableOutboundWebIdentityFederation', {
    input: structure({}),
    output: nothing,
    resources: everything,
    handle: () => done(iam.webIdentities.disable()),
  });

/** Returns the issuer of web identity tokens. */
export const getOutboundWebIdentityFederationInfo = (parts: IamParts) =>
  iamOperation('GetOutboundWebIdentityFederationInfo', {
    input: structure({}),
    output: structure({ IssuerIdentifier: string(), JwtVendingEnabled: boolean() }),
    resources: everything,
    handle: () => {
      const IssuerIdentifier = issuerUrl(parts, parts.iam.webIdentities.enabledId());
      return { output: { IssuerIdentifier, JwtVendingEnabled: true } };
    },
  });
