import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Waxwing } from '../support/waxwing.ts';

// The real Terraform with its provider for AWS: create, plan without changes, change, plan without changes,
// destroy.

const run = promisify(execFile);

/** A folder with providers in Terraform's layout, because the test downloads nothing. */
const plugins = process.env['WAXWING_TERRAFORM_PLUGINS'] ?? '';
const timeout = 600_000;

async function reasonToSkip(): Promise<string | false> {
  const hasTerraform = await run('terraform', ['-version']).then(
    () => true,
    () => false,
  );
  if (!hasTerraform) return 'there is no program terraform';
  if (existsSync(join(plugins, 'registry.terraform.io/hashicorp/aws'))) return false;
  return 'WAXWING_TERRAFORM_PLUGINS names no folder with the provider hashicorp/aws';
}
const skip = await reasonToSkip();

let waxwing: Waxwing;
const folder = mkdtempSync(join(tmpdir(), 'waxwing-terraform-'));

before(async () => {
  if (skip === false) waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
});

after(async () => {
  await waxwing?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const declaration = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "endpoint" {}
variable "ca" {}
variable "audit" { default = true }
variable "xml" { default = "<statisticsBrokerPlugin/>" }
variable "user" { default = "second-user" }
provider "aws" {
  custom_ca_bundle            = var.ca
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  endpoints {
    mq  = var.endpoint
    kms = var.endpoint
    sts = var.endpoint
  }
}
resource "aws_kms_key" "brokers" {
  description = "key of brokers"
}
resource "aws_mq_configuration" "events" {
  name           = "events"
  description    = "of terraform"
  engine_type    = "ActiveMQ"
  engine_version = "5.19"
  data           = <<EOT
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<broker xmlns="http://activemq.apache.org/schema/core">
  <plugins>
    \${var.xml}
  </plugins>
</broker>
EOT
  tags = { env = "test" }
}
resource "aws_mq_broker" "events" {
  broker_name                = "events"
  engine_type                = "ActiveMQ"
  engine_version             = "5.19"
  host_instance_type         = "mq.m5.large"
  storage_type               = "ebs"
  deployment_mode            = "SINGLE_INSTANCE"
  auto_minor_version_upgrade = true
  apply_immediately          = true
  security_groups            = ["sg-12345678"]
  subnet_ids                 = ["subnet-12345678"]
  configuration {
    id       = aws_mq_configuration.events.id
    revision = aws_mq_configuration.events.latest_revision
  }
  encryption_options {
    use_aws_owned_key = false
    kms_key_id        = aws_kms_key.brokers.arn
  }
  logs {
    general = true
    audit   = var.audit
  }
  maintenance_window_start_time {
    day_of_week = "TUESDAY"
    time_of_day = "02:00"
    time_zone   = "CET"
  }
  user {
    username       = "first-user"
    password       = "correct-horse-battery"
    console_access = true
    groups         = ["admins", "staff"]
  }
  user {
    username = var.user
    password = "correct-horse-battery"
  }
  tags = { env = "test" }
}
resource "aws_mq_broker" "directory" {
  broker_name                = "directory"
  engine_type                = "ActiveMQ"
  engine_version             = "5.19"
  host_instance_type         = "mq.m5.large"
  auto_minor_version_upgrade = true
  authentication_strategy    = "ldap"
  ldap_server_metadata {
    hosts                    = ["ldap-1.example.com", "ldap-2.example.com"]
    role_base                = "ou=groups,dc=example,dc=com"
    role_name                = "cn"
    role_search_matching     = "(member={0})"
    role_search_subtree      = true
    service_account_username = "cn=service,dc=example,dc=com"
    service_account_password = "supersecret"
    user_base                = "ou=people,dc=example,dc=com"
    user_search_matching     = "(uid={0})"
    user_search_subtree      = true
  }
  user {
    username = "unused-user"
    password = "correct-horse-battery"
  }
}
resource "aws_mq_broker" "orders" {
  broker_name                = "orders"
  engine_type                = "RabbitMQ"
  engine_version             = "3.13"
  host_instance_type         = "mq.m5.large"
  auto_minor_version_upgrade = true
  user {
    username = "orders-user"
    password = "correct-horse-battery"
  }
}
data "aws_mq_broker" "by_id" {
  broker_id = aws_mq_broker.events.id
}
data "aws_mq_broker" "by_name" {
  broker_name = aws_mq_broker.orders.broker_name
}
data "aws_mq_broker_engine_types" "all" {
  engine_type = "ACTIVEMQ"
}
data "aws_mq_broker_instance_type_offerings" "all" {}
output "found" {
  value = [
    data.aws_mq_broker.by_id.broker_name,
    data.aws_mq_broker.by_name.id == aws_mq_broker.orders.id,
    length(data.aws_mq_broker.by_id.instances[0].endpoints),
    data.aws_mq_broker_engine_types.all.broker_engine_types[0].engine_type,
    length(data.aws_mq_broker_instance_type_offerings.all.broker_instance_options) > 10,
  ]
}
`;

/** Runs a command of Terraform. Returns its exit code and everything that it printed. */
async function terraform(command: string, ...args: readonly string[]) {
  const { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_MQ: _, ...own } = waxwing.environment;
  const env = {
    ...own,
    PATH: process.env['PATH'],
    HOME: folder,
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
    TF_VAR_endpoint: AWS_ENDPOINT_URL,
    TF_VAR_ca: own['WAXWING_CA_FILE'],
  };
  const options = { cwd: folder, env, timeout, maxBuffer: 64 * 1024 * 1024 };
  const all = [command, '-no-color', ...args];
  const found = await run('terraform', all, options).catch(
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
  const code = 'code' in found ? found.code : 0;
  return { code, text: `${found.stdout}${found.stderr}` };
}

async function apply(...variables: readonly string[]): Promise<void> {
  const { code, text } = await terraform('apply', '-auto-approve', ...variables);
  assert.equal(code, 0, text);
}

/** Checks that a plan has no changes: what was declared is what is read. */
async function isUnchanged(...variables: readonly string[]): Promise<void> {
  const { code, text } = await terraform('plan', '-detailed-exitcode', ...variables);
  assert.equal(code, 0, text);
}

test('brokers and a configuration are created, changed and destroyed without plan differences', {
  skip,
}, async () => {
  writeFileSync(join(folder, 'main.tf'), declaration);
  const { code, text } = await terraform('init', `-plugin-dir=${plugins}`);
  assert.equal(code, 0, text);
  await apply();
  await isUnchanged();
  const { text: found } = await terraform('output', '-json', 'found');
  assert.deepEqual(JSON.parse(found), ['events', true, 5, 'ACTIVEMQ', true]);
  const changes = [
    ['-var=audit=false'],
    ['-var=audit=false', '-var=xml=<forcePersistencyModeBrokerPlugin/>'],
    ['-var=audit=false', '-var=xml=<forcePersistencyModeBrokerPlugin/>', '-var=user=third-user'],
  ];
  for (const variables of changes) {
    await apply(...variables);
    await isUnchanged(...variables);
  }
  const destroyed = await terraform('destroy', '-auto-approve');
  assert.equal(destroyed.code, 0, destroyed.text);
  const { text: state } = await terraform('show', '-json');
  assert.equal(JSON.parse(state).values, undefined);
});
