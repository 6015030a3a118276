# frozen_string_literal: true

require_relative "application"
require "active_support/all"

require Rails.root.join("lib/redmine/database.rb").to_s

ActiveRecord.default_timezone = :local

bare_models :Attachment, :AuthSource, :Board, :Changeset, :Comment, :CustomField, :CustomFieldEnumeration, :CustomValue,
            :EmailAddress, :EnabledModule, :Enumeration, :Import, :Issue, :IssueRelation, :IssueStatus, :Journal,
            :JournalDetail, :Member, :MemberRole, :Message, :Principal, :Project, :Query, :Repository, :Role, :Setting,
            :TimeEntry, :Token, :Tracker, :UserPreference, :Version, :Watcher, :WikiContent, :WikiContentVersion, :WikiPage,
            :WikiRedirect, :WorkflowRule
bare_models :User, :Group, above: Principal
bare_models :AnonymousUser, above: User
bare_models :GroupAnonymous, :GroupNonMember, above: Group
bare_models :IssuePriority, :TimeEntryActivity, above: Enumeration
bare_models :UserCustomField, above: CustomField
bare_models :WorkflowPermission, :WorkflowTransition, above: WorkflowRule

Principal.table_name = "users"
WorkflowRule.table_name = "workflows"

# Asked only where there are projects.
module Redmine
  module AccessControl; end
end

class Setting
  # What `config/settings.yml` says.
  def self.default_notification_option = "only_assigned"

  def self.text_formatting = "common_mark"

  def self.commit_logs_encoding = "UTF-8"
end

class Project
  def self.rebuild_tree! = nil
end

class User
  def self.salt_unsalted_passwords! = nil
end

class Role
  BUILTIN_NON_MEMBER = 1
  BUILTIN_ANONYMOUS = 2

  serialize :permissions, coder: YAML, type: Array

  def has_permission?(name) = permissions.include?(name.to_sym)

  def add_permission!(*names) = update!(permissions: permissions | names.map(&:to_sym))

  def remove_permission!(*names) = update!(permissions: permissions - names.map(&:to_sym))
end

class Enumeration
  belongs_to :project
end

class IssuePriority
  def self.compute_position_names = nil

  def self.clear_position_names = update_all(position_name: nil)
end
