use std::path::Path;

use proptest::prelude::*;

use super::*;

fn variables(name: &str) -> Option<String> {
    match name {
        "HOST" => Some("db.internal".to_owned()),
        "EMPTY" => Some(String::new()),
        "POOL" => Some("12 threads".to_owned()),
        _ => None,
    }
}

fn around() -> Surroundings<'static> {
    Surroundings { variables: &variables, root: Path::new("/srv/shop"), environment: "staging" }
}

fn rendered(text: &str) -> String {
    match render(text, around()) {
        Ok(rendered) => rendered.text,
        Err(error) => panic!("{text}: {error:?}"),
    }
}

/// Each as ERB 4 under Ruby 3.3 gives it.
#[test]
fn the_usual_forms_are_as_in_ruby() {
    let cases = [
        ("<%= ENV['HOST'] %>|<%= ENV[\"NONE\"] %>", "db.internal|"),
        ("<%= ENV.fetch('HOST') %>", "db.internal"),
        ("<%= ENV.fetch('NONE', 5) %>", "5"),
        ("<%= ENV.fetch(\"NONE\") { 5 } %>", "5"),
        ("<%= ENV.fetch('NONE') do 'x' end %>", "x"),
        ("<%= ENV.fetch 'NONE', 'z' %>", "z"),
        ("<%= ENV['NONE'] || 'd' %>", "d"),
        ("<%= ENV['EMPTY'] || 'd' %>", ""),
        ("<%= ENV['EMPTY'].presence || 'd' %>", "d"),
        ("<%= ENV['EMPTY'].present? ? 1 : 2 %>", "2"),
        ("<%= ENV['POOL'].to_i %>", "12"),
        ("<%= ENV['NONE']&.to_i %>|", "|"),
        ("<%= ENV['NONE'].to_i + 5 %>", "5"),
        ("<%= Rails.root.join('db', 'a.sqlite3') %>", "/srv/shop/db/a.sqlite3"),
        ("<%= Rails.root %>/x", "/srv/shop/x"),
        ("<%= Rails.env %>", "staging"),
        ("<%= Rails.env.staging? %>", "true"),
        ("<%= \"shop_#{Rails.env}\" %>", "shop_staging"),
        ("<%= \"a#{1 + 2}b\" %>", "a3b"),
        ("<% if Rails.env.production? %>a<% elsif ENV['HOST'] %>b<% else %>c<% end %>", "b"),
        ("<% unless ENV['NONE'] %>a<% end %>", "a"),
        ("<% if nil then %>a<% else %>b<% end %>", "b"),
        ("<% x = ENV['HOST'] %><%= x %>", "db.internal"),
        ("<% x = nil\n x ||= 'y' %><%= x %>", "y"),
        ("<% [1,2].each do |i| %>x<%= i %>,<% end %>", "x1,x2,"),
        ("<% %w[a b].each { |name| %>[<%= name %>]<% } %>", "[a][b]"),
        ("<%= [1,'a',nil].join('-') %>", "1-a-"),
        ("<%= (1 if true) %><%= 1 if false %>", "1"),
        ("<%= 'x' \\\n 'y' %>", "xy"),
        ("<%= '12abc'.to_i %> <%= ' 7'.to_i %> <%= '-1_0'.to_i %>", "12 7 -10"),
        ("a: <%% x %>, %%>", "a: <% x %>, %%>"),
        ("<%# c %>1", "1"),
        ("<%=\n1\n%>", "1"),
        ("<% # c\n %>a", "a"),
        ("% if true\n", "% if true\n"),
        ("<%= ENV.key?('HOST') && !ENV.key?('NONE') %>", "true"),
        ("<%= (ENV['NONE'] || '').to_json %><%= nil.to_json %>", "\"\"null"),
        (r#"<%= "a\"b\\c<&>é/\n".to_json %>"#, r#""a\"b\\c\u003c\u0026\u003eé/\n""#),
        ("<%= File.join('/a/', 'b') %>", "/a/b"),
    ];
    for (text, expected) in cases {
        assert_eq!(rendered(text), expected, "{text}");
    }
}

#[test]
fn what_only_ruby_knows_is_marked_with_its_place() {
    let text = "a: 1\nb: <%= Rails.application.credentials.db[:password] %>\nc: <%= Etc.nprocessors %>\n";
    let rendered = render(text, around()).unwrap();
    assert_eq!(rendered.text, "a: 1\nb: \u{e000}0\u{e001}\nc: \u{e000}1\u{e001}\n");
    assert_eq!(marks(&rendered.text), [0, 1]);
    assert_eq!(
        rendered.unknown.first(),
        Some(&Unknown {
            line: 2,
            expression: "Rails.application.credentials.db[:password]".to_owned(),
            reason: "Rails.application".to_owned(),
        })
    );
}

#[test]
fn a_variable_that_only_ruby_knows_matters_where_it_is_used() {
    let text = "<% secrets = Vault.read('db') %>a: <%= secrets %>\nb: <%= ENV['HOST'] %>\n";
    let rendered = render(text, around()).unwrap();
    assert_eq!(rendered.text, "a: \u{e000}0\u{e001}\nb: db.internal\n");
}

/// As public projects write it.
#[test]
fn a_value_that_no_session_needs_may_be_unknown() {
    let text = "pool: <%= ENV[\"DB_POOL\"] || (if Sidekiq.server? then Sidekiq.default_configuration[:concurrency] else ENV['MAX_THREADS'] end) || 5 %>\n\
                password: <%= (ENV['DB_PASS'] || '').to_json %>\nhost: <%= ENV.fetch(\"HOST\") { Rails.application.credentials.dig(:db, :host) } %>\n\
                database: <%= ENV['NONE'] || 'truth' %>_test<%= ENV['TEST_ENV_NUMBER'] %>\n";
    let rendered = render(text, around()).unwrap();
    assert_eq!(
        rendered.text,
        "pool: \u{e000}0\u{e001}\npassword: \"\"\nhost: db.internal\ndatabase: truth_test\n"
    );
}

#[test]
fn what_decides_over_text_has_to_be_known() {
    let cases = [
        "a: 1\n<% if Etc.nprocessors > 1 %>\nb: 2\n<% end %>",
        "a: 1\n<% if true %>",
        // Ruby refuses these too: there is no trim mode.
        "a: 1\n<% if true -%>\nb: 1\n<% end -%>\n",
        "a: 1\n<%- if true %>\nb: 1\n<% end %>",
        "a: 1\n<% # c %>\nb: 1",
        "a: 1\n<% require 'x' %>",
    ];
    for text in cases {
        match render(text, around()) {
            Err(TemplateError::NotKnown(unknown)) => assert!(unknown.line >= 2, "{text}: {unknown:?}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    for text in ["<%= 2 # c %>", "<%= 1 -%>"] {
        assert_eq!(render(text, around()).unwrap().unknown.len(), 1, "{text}");
    }
}

#[test]
fn what_ruby_raises_is_raised() {
    let error = render("a: 1\nb: <%= ENV.fetch('NONE') %>\n", around()).unwrap_err();
    assert_eq!(error, TemplateError::Raised { line: 2, message: "key not found: \"NONE\"".to_owned() });
}

proptest! {
    #[test]
    fn no_text_panics(text in "(<%[=#%]?|%>|-%>|[a-z]{0,3}|ENV|\\[|\\]|'|\"|#\\{|\\}|\\{|\\(|\\)|\\||do|end|if|\\?|:|,|\\n| |\\PC){0,40}") {
        let _ = render(&text, around());
    }
}
