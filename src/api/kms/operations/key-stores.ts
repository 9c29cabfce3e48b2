// The KMS operations on custom key stores. There are none, so they answer as in an account without
// custom key stores.

import { operation, refusal } from '../../../aws/service.ts';
import {
  boolean,
  enumeration,
  list,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import { KmsError } from '../../../kms/errors.ts';
import { noKeyStore } from '../answers.ts';
import { customKeyStoreId, limit, marker, nothing } from '../shapes.ts';

const storeName = string({ min: 1, max: 256 });
const storeType = enumeration(['AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE']);
const connectivity = enumeration(['PUBLIC_ENDPOINT', 'VPC_ENDPOINT_SERVICE']);
const oneStore = structure({ CustomKeyStoreId: required(customKeyStoreId) });

const pathPattern = /^(\/[a-zA-Z0-9/_-]+\/kms\/xks\/v\d{1,2})$|^(\/kms\/xks\/v\d{1,2})$/;
const endpointService = /^(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$/;

const ofStore = {
  KeyStorePassword: sensitive(string({ min: 7, max: 32 })),
  CloudHsmClusterId: string({ min: 19, max: 24, pattern: /^cluster-[2-7a-zA-Z]{11,16}$/ }),
  XksProxyUriEndpoint: string({ min: 10, max: 128, pattern: /^https:\/\/[a-zA-Z0-9.-]+$/ }),
  XksProxyUriPath: string({ min: 10, max: 128, pattern: pathPattern }),
  XksProxyVpcEndpointServiceName: string({ min: 20, max: 64, pattern: endpointService }),
  XksProxyVpcEndpointServiceOwner: string({ min: 12, max: 12, pattern: /^[0-9]{12}$/ }),
  XksProxyAuthenticationCredential: structure({
    AccessKeyId: required(string({ min: 20, max: 30, pattern: /^[A-Z2-7]+$/ })),
    RawSecretAccessKey: required(
      sensitive(string({ min: 43, max: 64, pattern: /^[a-zA-Z0-9/+=]+$/ })),
    ),
  }),
  XksProxyConnectivity: connectivity,
};

/** Refuses a new custom key store. */
export const createCustomKeyStore = () =>
  refusal({
    action: 'kms:CreateCustomKeyStore',
    readOnly: false,
    input: structure({
      CustomKeyStoreName: required(storeName),
      TrustAnchorCertificate: string({ min: 1, max: 5000 }),
      CustomKeyStoreType: storeType,
      ...ofStore,
    }),
    output: structure({ CustomKeyStoreId: customKeyStoreId }),
    refuse: () =>
      new KmsError('UnsupportedOperationException', 'Custom key stores are not supported.'),
  });

/** Refuses to change a custom key store. */
export const updateCustomKeyStore = () =>
  refusal({
    action: 'kms:UpdateCustomKeyStore',
    readOnly: false,
    input: structure({
      CustomKeyStoreId: required(customKeyStoreId),
      NewCustomKeyStoreName: storeName,
      ...ofStore,
    }),
    output: nothing,
    refuse: ({ CustomKeyStoreId }) => noKeyStore(CustomKeyStoreId),
  });

const onStore = (name: string) => () =>
  refusal({
    action: `kms:${name}`,
    readOnly: false,
    input: oneStore,
    output: nothing,
    refuse: ({ CustomKeyStoreId }) => noKeyStore(CustomKeyStoreId),
  });

/** Refuses to connect a custom key store. */
export const connectCustomKeyStore = onStore('ConnectCustomKeyStore');

/** Refuses to disconnect a custom key store. */
export const disconnectCustomKeyStore = onStore('DisconnectCustomKeyStore');

/** Refuses to delete a custom key store. */
export const deleteCustomKeyStore = onStore('DeleteCustomKeyStore');

/** Lists the custom key stores: there are none. */
export const describeCustomKeyStores = () =>
  operation({
    action: 'kms:DescribeCustomKeyStores',
    readOnly: true,
    input: structure({
      CustomKeyStoreId: customKeyStoreId,
      CustomKeyStoreName: storeName,
      Limit: limit,
      Marker: marker,
    }),
    output: structure({
      CustomKeyStores: list(
        structure({
          CustomKeyStoreId: customKeyStoreId,
          CustomKeyStoreName: string(),
          CloudHsmClusterId: string(),
          TrustAnchorCertificate: string(),
          ConnectionState: string(),
          ConnectionErrorCode: string(),
          CreationDate: timestamp(),
          CustomKeyStoreType: string(),
          XksProxyConfiguration: structure({
            Connectivity: string(),
            AccessKeyId: string(),
            UriEndpoint: string(),
            UriPath: string(),
            VpcEndpointServiceName: string(),
            VpcEndpointServiceOwner: string(),
          }),
        }),
      ),
      NextMarker: marker,
      Truncated: boolean(),
    }),
    handle({ CustomKeyStoreId, CustomKeyStoreName }) {
      const name = CustomKeyStoreId ?? CustomKeyStoreName;
      if (name !== undefined) throw noKeyStore(name);
      return { output: { CustomKeyStores: [], Truncated: false } };
    },
  });
