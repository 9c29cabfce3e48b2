terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "endpoint" {}
variable "ca" {}
variable "text" { default = "first" }
variable "days" { default = 30 }
variable "switch" { default = true }
provider "aws" {
  custom_ca_bundle        = var.ca
  skip_metadata_api_check = true
  s3_use_path_style       = true
  endpoints {
    kms        = var.endpoint
    sts        = var.endpoint
    iam        = var.endpoint
    cloudtrail = var.endpoint
    logs       = var.endpoint
    s3         = var.endpoint
  }
}
data "aws_caller_identity" "me" {}
data "aws_iam_policy_document" "key" {
  statement {
    sid       = "account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.me.account_id}:root"]
    }
  }
  statement {
    sid       = "trail"
    actions   = ["kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
  }
}
resource "aws_kms_key" "orders" {
  description             = var.text
  deletion_window_in_days = 7
  enable_key_rotation     = var.switch
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = { stage = var.text }
}
resource "aws_kms_key" "signing" {
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  is_enabled               = var.switch
  deletion_window_in_days  = 30
}
resource "aws_kms_alias" "orders" {
  name          = "alias/orders"
  target_key_id = aws_kms_key.orders.key_id
}
resource "aws_kms_grant" "reading" {
  name              = "reading"
  key_id            = aws_kms_key.orders.key_id
  grantee_principal = aws_iam_role.operator.arn
  operations        = ["Decrypt", "DescribeKey"]
  constraints {
    encryption_context_equals = { shop = "orders" }
  }
}
resource "aws_iam_user" "anna" {
  name          = "anna"
  path          = "/shop/"
  force_destroy = true
  tags          = { stage = var.text }
}
resource "aws_iam_access_key" "anna" {
  user   = aws_iam_user.anna.name
  status = var.switch ? "Active" : "Inactive"
}
resource "aws_iam_user_policy" "anna" {
  name = "own-keys"
  user = aws_iam_user.anna.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iam:ListAccessKeys", Resource = aws_iam_user.anna.arn }]
  })
}
resource "aws_iam_policy" "orders" {
  name        = "orders"
  path        = "/shop/"
  description = "reads brokers"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = var.text
      Effect    = "Allow"
      Action    = ["mq:DescribeBroker", "mq:ListBrokers"]
      Resource  = "*"
      Condition = { Bool = { "aws:SecureTransport" = "true" } }
    }]
  })
  tags = { stage = var.text }
}
resource "aws_iam_user_policy_attachment" "anna" {
  user       = aws_iam_user.anna.name
  policy_arn = aws_iam_policy.orders.arn
}
resource "aws_iam_group" "staff" {
  name = "staff"
}
resource "aws_iam_group_membership" "staff" {
  name  = "staff"
  group = aws_iam_group.staff.name
  users = var.switch ? [aws_iam_user.anna.name] : []
}
resource "aws_iam_group_policy_attachment" "staff" {
  group      = aws_iam_group.staff.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonMQReadOnlyAccess"
}
resource "aws_iam_role" "operator" {
  name                 = "operator"
  description          = var.text
  max_session_duration = var.switch ? 7200 : 3600
  permissions_boundary = var.switch ? aws_iam_policy.orders.arn : null
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = aws_iam_user.anna.arn }
      Condition = { StringEquals = { "sts:ExternalId" = var.text } }
    }]
  })
  tags = { stage = var.text }
}
resource "aws_iam_role_policy" "operator" {
  name = "reboots"
  role = aws_iam_role.operator.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = var.text, Effect = "Allow", Action = "mq:RebootBroker", Resource = "*" }]
  })
}
resource "aws_iam_role_policy_attachment" "operator" {
  role       = aws_iam_role.operator.name
  policy_arn = aws_iam_policy.orders.arn
}
resource "aws_cloudtrail" "audit" {
  name                          = "audit"
  s3_bucket_name                = "audit-logs"
  s3_key_prefix                 = var.text
  kms_key_id                    = aws_kms_key.orders.arn
  enable_logging                = var.switch
  enable_log_file_validation    = true
  include_global_service_events = true
  is_multi_region_trail         = true
  tags                          = { stage = var.text }
  advanced_event_selector {
    name = var.text
    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }
}
resource "aws_cloudtrail" "plain" {
  name           = "plain"
  s3_bucket_name = "plain-logs"
  event_selector {
    read_write_type           = var.switch ? "WriteOnly" : "All"
    include_management_events = true
  }
}
resource "aws_cloudwatch_log_group" "shop" {
  name              = "/shop/orders"
  retention_in_days = var.days
  tags              = { stage = var.text }
}
data "aws_kms_key" "orders" {
  key_id = aws_kms_alias.orders.name
}
data "aws_kms_alias" "orders" {
  name = aws_kms_alias.orders.name
}
data "aws_iam_user" "anna" {
  user_name = aws_iam_user.anna.name
}
data "aws_iam_role" "operator" {
  name = aws_iam_role.operator.name
}
data "aws_iam_policy" "orders" {
  arn = aws_iam_policy.orders.arn
}
data "aws_iam_group" "staff" {
  group_name = aws_iam_group_membership.staff.group
}
data "aws_cloudwatch_log_group" "shop" {
  name = aws_cloudwatch_log_group.shop.name
}
output "found" {
  value = [
    data.aws_kms_key.orders.description,
    data.aws_kms_alias.orders.target_key_arn == aws_kms_key.orders.arn,
    data.aws_iam_user.anna.arn == aws_iam_user.anna.arn,
    data.aws_iam_role.operator.max_session_duration,
    data.aws_iam_policy.orders.path,
    length(data.aws_iam_group.staff.users),
    data.aws_cloudwatch_log_group.shop.retention_in_days,
  ]
}
