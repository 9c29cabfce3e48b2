terraform {
  required_providers {
    rabbitmq = { source = "cyrilgdn/rabbitmq" }
  }
}

# The provider takes its endpoint, its log-in and the authority from the environment.
provider "rabbitmq" {}

variable "admin" {
  type = string
}

variable "length" {
  type    = number
  default = 10
}

variable "tags" {
  type    = list(string)
  default = ["management", "policymaker"]
}

variable "read" {
  type    = string
  default = "^q"
}

resource "rabbitmq_vhost" "shop" {
  name            = "shop/eu"
  description     = "of the shop"
  max_connections = "20"
  max_queues      = "50"
}

resource "rabbitmq_user" "app" {
  name     = "app"
  password = "a password of the app"
  tags     = var.tags
}

resource "rabbitmq_permissions" "app" {
  user  = rabbitmq_user.app.name
  vhost = rabbitmq_vhost.shop.name
  permissions {
    configure = ".*"
    write     = ".*"
    read      = var.read
  }
}

resource "rabbitmq_permissions" "admin" {
  user  = var.admin
  vhost = rabbitmq_vhost.shop.name
  permissions {
    configure = ".*"
    write     = ".*"
    read      = ".*"
  }
}

resource "rabbitmq_topic_permissions" "app" {
  user  = rabbitmq_user.app.name
  vhost = rabbitmq_vhost.shop.name
  permissions {
    exchange = "amq.topic"
    write    = "^a"
    read     = var.read
  }
}

resource "rabbitmq_exchange" "topics" {
  name  = "topics"
  vhost = rabbitmq_permissions.admin.vhost
  settings {
    type    = "topic"
    durable = true
    arguments = {
      "alternate-exchange" = "amq.fanout"
    }
  }
}

resource "rabbitmq_queue" "orders" {
  name  = "orders of today"
  vhost = rabbitmq_permissions.admin.vhost
  settings {
    durable        = true
    arguments_json = jsonencode({ "x-queue-type" = "classic", "x-message-ttl" = 60000 })
  }
}

resource "rabbitmq_queue" "safe" {
  name  = "safe"
  vhost = rabbitmq_permissions.admin.vhost
  settings {
    durable = true
    arguments = {
      "x-queue-type" = "quorum"
    }
  }
}

resource "rabbitmq_binding" "orders" {
  source           = rabbitmq_exchange.topics.name
  vhost            = rabbitmq_vhost.shop.name
  destination      = rabbitmq_queue.orders.name
  destination_type = "queue"
  routing_key      = "a.#"
}

resource "rabbitmq_binding" "headers" {
  source           = "amq.headers"
  vhost            = rabbitmq_vhost.shop.name
  destination      = rabbitmq_exchange.topics.name
  destination_type = "exchange"
  arguments        = { "x-match" = "all", "k" = "v" }
}

resource "rabbitmq_policy" "limits" {
  name  = "limits"
  vhost = rabbitmq_permissions.admin.vhost
  policy {
    pattern  = "^q"
    priority = 1
    apply_to = "queues"
    definition = {
      "max-length" = var.length
      "overflow"   = "reject-publish"
    }
  }
}

resource "rabbitmq_operator_policy" "bounds" {
  name  = "bounds"
  vhost = rabbitmq_permissions.admin.vhost
  policy {
    pattern  = ".*"
    priority = 1
    apply_to = "queues"
    definition = {
      "max-length" = 100 * var.length
    }
  }
}

resource "rabbitmq_shovel" "move" {
  name  = "move"
  vhost = rabbitmq_permissions.admin.vhost
  info {
    source_uri               = "amqp://"
    source_queue             = rabbitmq_queue.orders.name
    destination_uri          = "amqp://"
    destination_exchange     = rabbitmq_exchange.topics.name
    destination_exchange_key = "moved"
    ack_mode                 = "on-confirm"
  }
}

output "found" {
  value = [rabbitmq_vhost.shop.name, rabbitmq_binding.orders.properties_key, rabbitmq_shovel.move.id]
}
