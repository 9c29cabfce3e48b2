// The KMS operations on aliases.

import { operation } from '../../../aws/service.ts';
import {
  boolean,
  freeText,
  list,
  required,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer } from '../answers.ts';
import { onAlias } from '../permissions.ts';
import { aliasName, keyId, limit, marker, nothing } from '../shapes.ts';

/** Creates an alias of a key. */
export const createAlias = (kms: Kms) =>
  operation({
    action: 'kms:CreateAlias',
    readOnly: false,
    input: structure({
      AliasName: required(freeText('alias name', aliasName)),
      TargetKeyId: required(keyId),
    }),
    output: nothing,
    permissions: ({ AliasName }, call) => onAlias('kms:CreateAlias', AliasName, call),
    handle: (input, call) =>
      answer(kms, kms.aliases.create(call, input.AliasName, input.TargetKeyId), {}),
  });

/** Points an alias to another key. */
export const updateAlias = (kms: Kms) =>
  operation({
    action: 'kms:UpdateAlias',
    readOnly: false,
    input: structure({ AliasName: required(aliasName), TargetKeyId: required(keyId) }),
    output: nothing,
    permissions: ({ AliasName }, call) => onAlias('kms:UpdateAlias', AliasName, call),
    handle: (input, call) =>
      answer(kms, kms.aliases.update(call, input.AliasName, input.TargetKeyId), {}),
  });

/** Deletes an alias. */
export const deleteAlias = (kms: Kms) =>
  operation({
    action: 'kms:DeleteAlias',
    readOnly: false,
    input: structure({ AliasName: required(aliasName) }),
    output: nothing,
    permissions: ({ AliasName }, call) => onAlias('kms:DeleteAlias', AliasName, call),
    handle: (input, call) => answer(kms, kms.aliases.delete(call, input.AliasName), {}),
  });

/** Lists the aliases of the account, or of one key. */
export const listAliases = (kms: Kms) =>
  operation({
    action: 'kms:ListAliases',
    readOnly: true,
    input: structure({ KeyId: keyId, Limit: limit, Marker: marker }),
    output: structure({
      Aliases: list(
        structure({
          AliasName: aliasName,
          AliasArn: string(),
          TargetKeyId: keyId,
          CreationDate: timestamp(),
          LastUpdatedDate: timestamp(),
        }),
      ),
      NextMarker: marker,
      Truncated: boolean(),
    }),
    handle(input, call) {
      const done = kms.aliases.list(call, input.KeyId, input);
      const { items, next } = done.output;
      const Aliases = items.map((alias) => ({
        AliasName: alias.name,
        AliasArn: alias.arn,
        TargetKeyId: alias.keyId,
        CreationDate: alias.createdMs,
        LastUpdatedDate: alias.updatedMs,
      }));
      return answer(kms, done, { Aliases, NextMarker: next, Truncated: next !== undefined });
    },
  });
