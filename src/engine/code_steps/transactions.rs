//! What a guest asks of transactions.

use super::CodeSteps;
use crate::engine::code::Stop;
use crate::engine::code_values::refusal;
use crate::engine::replay;
use crate::guest::protocol::Answer;

impl CodeSteps<'_, '_> {
    /// Runs a step of a transaction, or answers it from an earlier run.
    pub(super) fn transaction_step(
        &mut self,
        kind: &str,
        text: &str,
        act: impl FnOnce(&mut Self, String) -> Answer,
    ) -> Answer {
        if self.stop.is_some() {
            return refusal("the migration has ended");
        }
        if self.taken_back {
            return self.end(Stop::CommitFirst);
        }
        let digest = replay::digest(kind, text, "");
        let path = self.path.to_path_buf();
        if let Some(answer) = self.rerun(&digest, &path, 1).or_else(|| self.replayed(&digest, &path, 1)) {
            if answer == Answer::Ok {
                self.open = match kind {
                    "begin" => true,
                    "commit" | "rollback" => false,
                    _ => self.open,
                };
            }
            return answer;
        }
        if let Err(stop) = self.ensure_journal() {
            return self.end(stop);
        }
        act(self, digest)
    }

    pub(super) fn begin_with(&mut self, text: Option<&str>, digest: String) -> Answer {
        let mut statements = self.runner.begin_statements();
        if let (Some(text), Some(first)) = (text, statements.first_mut()) {
            text.clone_into(first);
        }
        let texts: Vec<&str> = statements.iter().map(String::as_str).collect();
        if let Err(failure) = self.runner.connection.execute_many(&texts) {
            return self.failed(digest, text.unwrap_or("BEGIN"), failure.error);
        }
        self.open = true;
        self.note(digest, &Answer::Ok);
        Answer::Ok
    }

    /// Commits the guest's transaction together with the journal.
    pub(super) fn commit_with(&mut self, text: &str, digest: String) -> Answer {
        self.note(digest.clone(), &Answer::Ok);
        let mut statements = self.journal_statements(None);
        statements.push(text.to_owned());
        let texts: Vec<&str> = statements.iter().map(String::as_str).collect();
        match self.runner.connection.execute_many(&texts) {
            Ok(_) => {
                self.is_durable();
                self.open = false;
                self.shared = false;
                Answer::Ok
            }
            Err(failure) => {
                self.forget_last();
                // A transaction that has failed ends with any commit, and nothing of it remains.
                if failure.error.sqlstate.as_deref() == Some("25P02") {
                    return self.roll_back_now(digest);
                }
                self.failed(digest, text, failure.error)
            }
        }
    }

    pub(super) fn roll_back_now(&mut self, digest: String) -> Answer {
        if self.shared {
            // A library takes back what a failure left, which takes the whole group back in any case. Only code that goes on
            // behind it needs the migrations before it committed.
            self.taken_back = true;
            self.open = false;
            return Answer::Ok;
        }
        if let Err(error) = self.runner.connection.execute("ROLLBACK") {
            return self.failed(digest, "ROLLBACK", error);
        }
        self.open = false;
        self.note(digest, &Answer::Ok);
        Answer::Ok
    }
}
