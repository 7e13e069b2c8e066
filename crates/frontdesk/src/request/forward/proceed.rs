//! Going on with an answer that broke off: another model of the chain is given what was said so far as the beginning
//! of its own answer (`continue = true` on the router, `prefill` among the model's capabilities).

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use routing::{Capability, Decision, ModelId};
use wire::ChatRequest;
use wire::chunk::Delta;

use super::call::{Ask, Called, Callee, Deadline, call};
use super::relay::Relay;
use crate::request::record::Recorder;
use crate::request::{Context, Operation};

/// The longest answer that is kept to go on from.
const MOST: usize = 256 << 10;

type Calling = Pin<Box<dyn Future<Output = Called> + Send>>;

/// What another model needs to go on.
pub(super) struct Proceed {
    context: Context,
    body: Bytes,
    model: ModelId,
    /// What the client has of the answer; `None` once it cannot be gone on from (tool calls, too long).
    said: Option<String>,
    calling: Option<Calling>,
    called: bool,
}

impl std::fmt::Debug for Proceed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proceed").field("model", &self.model).finish_non_exhaustive()
    }
}

impl Proceed {
    /// Where the router continues and a model that can is left in the chain.
    pub(super) fn prepare(
        context: &Context,
        decision: &Decision,
        left: &[ModelId],
        (operation, body, _): (Operation, &Bytes, &ChatRequest<'_>),
    ) -> Option<Self> {
        let table = &context.snapshot.config.table;
        let router = table.routers.get(decision.router?.index())?;
        if !router.continues || operation != Operation::Chat {
            return None;
        }
        let can = |id: &&ModelId| table.model(**id).is_some_and(|model| model.can(Capability::Prefill));
        let model = *left.iter().find(can)?;
        let (context, body) = (context.clone(), body.clone());
        Some(Self { context, body, model, said: Some(String::new()), calling: None, called: false })
    }

    /// Takes note of a piece of the answer.
    pub(super) fn heard(&mut self, delta: &Delta, data: Option<&[u8]>) {
        if delta.calls_tools {
            self.said = None;
        }
        let text = data.and_then(wire::chunk::text_of).unwrap_or_default();
        if let Some(said) = &mut self.said {
            said.push_str(&text);
        }
        self.said = self.said.take().filter(|said| said.len() <= MOST);
    }

    /// Whether the other model is being called.
    pub(super) fn is_under_way(&self) -> bool {
        self.calling.is_some()
    }

    /// Calls the other model; `false` where there is nothing to go on from, or it has been tried.
    pub(super) fn start(&mut self, wants_usage: bool, deadline: Deadline) -> bool {
        let Some(said) = self.said.as_ref().filter(|said| !said.trim_end().is_empty()) else {
            return false;
        };
        if self.calling.is_some()
            || self.called
            || self.context.snapshot.admits(self.model, self.context.app.now()).is_err()
        {
            return false;
        }
        let (context, body, model, said) = (self.context.clone(), self.body.clone(), self.model, said.clone());
        let created = context.app.wall_seconds();
        self.calling = Some(Box::pin(async move {
            let failed = || Called::Failed(routing::Outcome::Nonsense.into());
            let Some(callee) = Callee::of(&context.snapshot.config, model) else {
                return failed();
            };
            let Ok(request) = ChatRequest::read(&body) else {
                return failed();
            };
            let Ok(pieces) = callee.outgoing(&body, &request, Some(&said), true) else {
                return failed();
            };
            let ask = Ask { operation: Operation::Chat, pieces, stream: true, wants_usage, deadline, created };
            call(&context.app.client, &callee, ask).await
        }));
        true
    }

    /// The stream that goes on; `None`: there is none.
    pub(super) fn poll(
        &mut self,
        recorder: Option<&mut Recorder>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Box<Relay>>> {
        let Some(calling) = &mut self.calling else {
            return Poll::Ready(None);
        };
        let mut recorder = recorder;
        if !self.called {
            self.called = true;
            if let Some(recorder) = &mut recorder {
                recorder.calling(self.model, None);
            }
        }
        let called = ready!(calling.as_mut().poll(task));
        self.calling = None;
        match called {
            Called::Stream { relay, .. } => {
                if let Some(recorder) = recorder {
                    recorder.went_on();
                }
                Poll::Ready(Some(relay))
            }
            // A stream was asked for.
            Called::Whole { .. } => {
                if let Some(recorder) = recorder {
                    recorder.called(&routing::Outcome::Nonsense);
                }
                Poll::Ready(None)
            }
            Called::Failed(failure) => {
                if let Some(recorder) = recorder {
                    recorder.called(&failure.outcome);
                }
                Poll::Ready(None)
            }
        }
    }
}
