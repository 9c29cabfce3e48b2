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
variable "timeout" { default = 900000 }
provider "aws" {
  custom_ca_bundle        = var.ca
  skip_metadata_api_check = true
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
    ${var.xml}
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
resource "aws_mq_configuration" "orders" {
  name           = "orders"
  engine_type    = "RabbitMQ"
  engine_version = "3.13"
  data           = "consumer_timeout = ${var.timeout}\n"
}
resource "aws_mq_broker" "orders" {
  broker_name                = "orders"
  engine_type                = "RabbitMQ"
  engine_version             = "3.13"
  host_instance_type         = "mq.m5.large"
  auto_minor_version_upgrade = true
  apply_immediately          = true
  publicly_accessible        = true
  configuration {
    id       = aws_mq_configuration.orders.id
    revision = aws_mq_configuration.orders.latest_revision
  }
  logs {
    general = var.audit
  }
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
