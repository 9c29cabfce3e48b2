// The managed policies that AWS provides, as far as they concern the services here.

/** A managed policy that AWS provides. */
export interface ProvidedDocument {
  readonly name: string;
  /** `/`, `/job-function/`, `/aws-service-role/` */
  readonly path: string;
  readonly description: string;
  /** False for policies of service-linked roles. */
  readonly isAttachable: boolean;
  readonly document: string;
}

interface Statement {
  readonly Effect: 'Allow';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const allow = (
  Action: Statement['Action'],
  Resource: Statement['Resource'] = '*',
  Condition?: Statement['Condition'],
): Statement => ({ Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) });

const provided = (
  name: string,
  description: string,
  statements: readonly Statement[],
  { path = '/', isAttachable = true } = {},
): ProvidedDocument => ({
  name,
  path,
  description,
  isAttachable,
  document: JSON.stringify({ Version: '2012-10-17', Statement: statements }, undefined, 2),
});

const brokerLogGroups = 'arn:aws:logs:*:*:log-group:/aws/amazonmq/*';

const seesNetworks = [
  'ec2:DescribeInternetGateways',
  'ec2:DescribeNetworkInterfacePermissions',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeRouteTables',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcs',
];
const attachesBrokers = [
  'ec2:CreateNetworkInterface',
  'ec2:CreateNetworkInterfacePermission',
  'ec2:DeleteNetworkInterface',
  'ec2:DeleteNetworkInterfacePermission',
  'ec2:DetachNetworkInterface',
];

const makesBrokers = [
  allow('logs:CreateLogGroup', brokerLogGroups),
  allow('iam:CreateServiceLinkedRole', '*', {
    StringLike: { 'iam:AWSServiceName': 'mq.amazonaws.com' },
  }),
];

const mqPolicies = [
  provided('AmazonMQFullAccess', 'Full access to Amazon MQ through the console.', [
    allow([
      'mq:*',
      'cloudformation:CreateStack',
      ...seesNetworks,
      ...attachesBrokers,
      'ec2:AuthorizeSecurityGroupIngress',
      'ec2:CreateSecurityGroup',
    ]),
    ...makesBrokers,
  ]),
  provided('AmazonMQReadOnlyAccess', 'Read access to Amazon MQ through the console.', [
    allow(['mq:Describe*', 'mq:List*', ...seesNetworks]),
  ]),
  provided('AmazonMQApiFullAccess', 'Full access to Amazon MQ through the API and SDKs.', [
    allow(['mq:*', ...seesNetworks, ...attachesBrokers]),
    ...makesBrokers,
  ]),
  provided('AmazonMQApiReadOnlyAccess', 'Read access to Amazon MQ through the API and SDKs.', [
    allow(['mq:Describe*', 'mq:List*', ...seesNetworks]),
  ]),
  provided(
    'AmazonMQServiceRolePolicy',
    'The rights of Amazon MQ in the account of its brokers.',
    [
      allow('ec2:CreateVpcEndpoint', [
        'arn:aws:ec2:*:*:vpc/*',
        'arn:aws:ec2:*:*:security-group/*',
        'arn:aws:ec2:*:*:subnet/*',
      ]),
      allow('ec2:DescribeVpcEndpoints'),
      allow('ec2:CreateVpcEndpoint', 'arn:aws:ec2:*:*:vpc-endpoint/*', {
        StringEquals: { 'aws:RequestTag/AMQManaged': 'true' },
      }),
      allow('ec2:CreateTags', 'arn:aws:ec2:*:*:vpc-endpoint/*', {
        StringEquals: { 'ec2:CreateAction': 'CreateVpcEndpoint' },
      }),
      allow('ec2:DeleteVpcEndpoints', 'arn:aws:ec2:*:*:vpc-endpoint/*', {
        StringEquals: { 'ec2:ResourceTag/AMQManaged': 'true' },
      }),
      allow(
        [
          'logs:CreateLogGroup',
          'logs:CreateLogStream',
          'logs:DescribeLogGroups',
          'logs:DescribeLogStreams',
          'logs:PutLogEvents',
        ],
        brokerLogGroups,
      ),
    ],
    { path: '/aws-service-role/', isAttachable: false },
  ),
];

const iamReads = [
  'iam:GenerateCredentialReport',
  'iam:GenerateServiceLastAccessedDetails',
  'iam:Get*',
  'iam:List*',
  'iam:SimulateCustomPolicy',
  'iam:SimulatePrincipalPolicy',
];

const identityPolicies = [
  provided('AdministratorAccess', 'Full access to all services and resources.', [allow('*')]),
  provided('IAMFullAccess', 'Full access to IAM.', [
    allow([
      'iam:*',
      'organizations:DescribeAccount',
      'organizations:DescribeOrganization',
      'organizations:DescribeOrganizationalUnit',
      'organizations:DescribePolicy',
      'organizations:ListChildren',
      'organizations:ListParents',
      'organizations:ListPolicies',
      'organizations:ListPoliciesForTarget',
      'organizations:ListRoots',
      'organizations:ListTargetsForPolicy',
    ]),
  ]),
  provided('IAMReadOnlyAccess', 'Read access to IAM.', [allow(iamReads)]),
  provided('IAMUserChangePassword', 'Users may change their own password.', [
    allow('iam:ChangePassword', [
      'arn:aws:iam::*:user/${aws:username}',
      'arn:aws:iam::*:user/*/${aws:username}',
    ]),
    allow('iam:GetAccountPasswordPolicy'),
  ]),
];

const auditPolicies = [
  provided('ReadOnlyAccess', 'Read access to all services and resources.', [
    allow([
      'mq:Describe*',
      'mq:List*',
      'kms:Describe*',
      'kms:Get*',
      'kms:List*',
      'cloudtrail:Describe*',
      'cloudtrail:Get*',
      'cloudtrail:List*',
      'cloudtrail:LookupEvents',
      'sts:GetAccessKeyInfo',
      'sts:GetCallerIdentity',
      'sts:GetSessionToken',
      'logs:Describe*',
      'logs:FilterLogEvents',
      'logs:Get*',
      'logs:List*',
      'logs:StartLiveTail',
      'logs:StartQuery',
      'logs:StopLiveTail',
      'logs:StopQuery',
      'logs:TestMetricFilter',
      'cloudwatch:Describe*',
      'cloudwatch:Get*',
      'cloudwatch:List*',
      's3:Get*',
      's3:List*',
      'tag:Get*',
      ...iamReads,
    ]),
  ]),
  provided('SecurityAudit', 'Read access to the configuration of security, for audits.', [
    allow([
      'mq:DescribeBroker',
      'mq:DescribeBrokerEngineTypes',
      'mq:DescribeBrokerInstanceOptions',
      'mq:DescribeConfiguration',
      'mq:DescribeConfigurationRevision',
      'mq:DescribeUser',
      'mq:ListBrokers',
      'mq:ListConfigurationRevisions',
      'mq:ListConfigurations',
      'mq:ListTags',
      'mq:ListUsers',
      'kms:Describe*',
      'kms:GetKeyPolicy',
      'kms:GetKeyRotationStatus',
      'kms:List*',
      'cloudtrail:DescribeTrails',
      'cloudtrail:GetEventSelectors',
      'cloudtrail:GetInsightSelectors',
      'cloudtrail:GetTrail',
      'cloudtrail:GetTrailStatus',
      'cloudtrail:ListPublicKeys',
      'cloudtrail:ListTags',
      'cloudtrail:ListTrails',
      'cloudtrail:LookupEvents',
      'logs:DescribeLogGroups',
      'logs:DescribeMetricFilters',
      'logs:DescribeResourcePolicies',
      'logs:ListTagsLogGroup',
      'cloudwatch:DescribeAlarms',
      ...iamReads,
    ]),
  ]),
  provided('AWSCloudTrail_ReadOnlyAccess', 'Read access to CloudTrail.', [
    allow([
      'cloudtrail:Describe*',
      'cloudtrail:Get*',
      'cloudtrail:List*',
      'cloudtrail:LookupEvents',
    ]),
  ]),
  provided('AWSCloudTrail_FullAccess', 'Full access to CloudTrail.', [
    allow(['cloudtrail:*', 'iam:GetRole', 'iam:ListRoles', 'kms:ListAliases', 'kms:ListKeys']),
    allow('kms:CreateAlias', 'arn:aws:kms:*:*:alias/*'),
    allow('iam:PassRole', '*', {
      StringEquals: { 'iam:PassedToService': 'cloudtrail.amazonaws.com' },
    }),
  ]),
  provided(
    'AWSKeyManagementServicePowerUser',
    'Keys may be created, described and tagged, and all keys, aliases and policies listed.',
    [
      allow([
        'kms:CreateAlias',
        'kms:CreateKey',
        'kms:DeleteAlias',
        'kms:Describe*',
        'kms:GenerateRandom',
        'kms:Get*',
        'kms:List*',
        'kms:TagResource',
        'kms:UntagResource',
        'iam:ListGroups',
        'iam:ListRoles',
        'iam:ListUsers',
      ]),
    ],
  ),
];

/** All provided policies. Their ARNs are `arn:aws:iam::aws:policy` with path and name. */
export const providedDocuments: readonly ProvidedDocument[] = [
  ...mqPolicies,
  ...identityPolicies,
  ...auditPolicies,
];
