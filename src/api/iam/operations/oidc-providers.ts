// The IAM operations on OIDC providers.

import { list, required, string, structure, timestamp } from '../../../aws/shapes/shape.ts';
import { pageOf } from '../../../identity/accounts/pages.ts';
import { providerName } from '../../../identity/federation/providers.ts';
import { answer, done, everything, iamOperation, pageMembers } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import { arn, nothing, pageInput, pageOutput, tagKeys, tags } from '../shapes/common.ts';
import { tagsView } from '../views.ts';

const url = string({ min: 1, max: 255 });
const clientId = string({ min: 1, max: 255 });
const clientIds = list(clientId, { max: 100 });
const thumbprints = list(string({ min: 40, max: 40 }), { max: 5 });
const ofProvider = { OpenIDConnectProviderArn: required(arn) } as const;
const itself = ({
  OpenIDConnectProviderArn: own,
}: {
  readonly OpenIDConnectProviderArn: string;
}) => [own];

/** Registers an OIDC provider, whose tokens can then be exchanged for credentials of roles. */
export const createOpenIDConnectProvider = ({ iam }: IamParts) =>
  iamOperation('CreateOpenIDConnectProvider', {
    input: structure({
      Url: required(url),
      ClientIDList: clientIds,
      ThumbprintList: thumbprints,
      Tags: tags,
    }),
    output: structure({ OpenIDConnectProviderArn: arn, Tags: tags }),
    resources: ({ Url }) => [iam.providers.arnOf(Url.replace(/^https:\/\//, ''))],
    handle: (input, call) =>
      answer(iam.providers.create(input, call), (record) => ({
        OpenIDConnectProviderArn: iam.providers.arnOf(providerName(input.Url)),
        ...(record.tags.length > 0 && { Tags: tagsView(record.tags) }),
      })),
  });

/** Returns an OIDC provider. */
export const getOpenIDConnectProvider = ({ iam }: IamParts) =>
  iamOperation('GetOpenIDConnectProvider', {
    input: structure(ofProvider),
    output: structure({
      Url: url,
      ClientIDList: clientIds,
      ThumbprintList: thumbprints,
      CreateDate: timestamp(),
      Tags: tags,
    }),
    resources: itself,
    handle: ({ OpenIDConnectProviderArn }) => {
      const record = iam.providers.require(OpenIDConnectProviderArn);
      return {
        output: {
          // AWS returns the URL without its scheme.
          Url: record.name,
          ClientIDList: record.clientIds,
          ThumbprintList: record.thumbprints,
          CreateDate: record.createdMs,
          ...(record.tags.length > 0 && { Tags: tagsView(record.tags) }),
        },
      };
    },
  });

/** Lists the OIDC providers of the account. */
export const listOpenIDConnectProviders = ({ iam }: IamParts) =>
  iamOperation('ListOpenIDConnectProviders', {
    input: structure({}),
    output: structure({ OpenIDConnectProviderList: list(structure({ Arn: arn })) }),
    resources: everything,
    handle: () => {
      const arns = [...iam.providers.all()].map(({ name }) => ({ Arn: iam.providers.arnOf(name) }));
      return { output: { OpenIDConnectProviderList: arns } };
    },
  });

/** Deletes an OIDC provider. */
export const deleteOpenIDConnectProvider = ({ iam }: IamParts) =>
  iamOperation('DeleteOpenIDConnectProvider', {
    input: structure(ofProvider),
    output: nothing,
    resources: itself,
    handle: ({ OpenIDConnectProviderArn }) => done(iam.providers.delete(OpenIDConnectProviderArn)),
  });

/** Adds a client for which an OIDC provider may issue tokens. */
export const addClientIDToOpenIDConnectProvider = ({ iam }: IamParts) =>
  iamOperation('AddClientIDToOpenIDConnectProvider', {
    input: structure({ ...ofProvider, ClientID: required(clientId) }),
    output: nothing,
    resources: itself,
    handle: ({ OpenIDConnectProviderArn, ClientID }) =>
      done(iam.providers.addClient(OpenIDConnectProviderArn, ClientID)),
  });

/** Removes a client of an OIDC provider. */
export const removeClientIDFromOpenIDConnectProvider = ({ iam }: IamParts) =>
  iamOperation('RemoveClientIDFromOpenIDConnectProvider', {
    input: structure({ ...ofProvider, ClientID: required(clientId) }),
    output: nothing,
    resources: itself,
    handle: ({ OpenIDConnectProviderArn, ClientID }) =>
      done(iam.providers.removeClient(OpenIDConnectProviderArn, ClientID)),
  });

/** Replaces the thumbprints of an OIDC provider, which are stored and not used. */
export const updateOpenIDConnectProviderThumbprint = ({ iam }: IamParts) =>
  iamOperation('UpdateOpenIDConnectProviderThumbprint', {
    input: structure({ ...ofProvider, ThumbprintList: required(thumbprints) }),
    output: nothing,
    resources: itself,
    handle: ({ OpenIDConnectProviderArn, ThumbprintList }) =>
      done(iam.providers.setThumbprints(OpenIDConnectProviderArn, ThumbprintList)),
  });

/** Adds tags to an OIDC provider. */
export const tagOpenIDConnectProvider = ({ iam }: IamParts) =>
  iamOperation('TagOpenIDConnectProvider', {
    input: structure({ ...ofProvider, Tags: required(tags) }),
    output: nothing,
    resources: itself,
    handle: ({ OpenIDConnectProviderArn, Tags }) =>
      done(iam.providers.tag(OpenIDConnectProviderArn, Tags)),
  });

/** Removes tags from an OIDC provider. */
export const untagOpenIDConnectProvider = ({ iam }: IamParts) =>
  iamOperation('UntagOpenIDConnectProvider', {
    input: structure({ ...ofProvider, TagKeys: required(tagKeys) }),
    output: nothing,
    resources: itself,
    handle: ({ OpenIDConnectProviderArn, TagKeys }) =>
      done(iam.providers.untag(OpenIDConnectProviderArn, TagKeys)),
  });

/** Lists the tags of an OIDC provider. */
export const listOpenIDConnectProviderTags = ({ iam }: IamParts) =>
  iamOperation('ListOpenIDConnectProviderTags', {
    input: structure({ ...ofProvider, ...pageInput }),
    output: structure({ Tags: required(tags), ...pageOutput }),
    resources: itself,
    handle: (input) => {
      const record = iam.providers.require(input.OpenIDConnectProviderArn);
      const page = pageOf(record.tags, ({ key }) => key, input);
      return { output: { Tags: tagsView(page.items), ...pageMembers(page) } };
    },
  });
