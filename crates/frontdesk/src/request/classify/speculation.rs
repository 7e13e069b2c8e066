//! The answer that is begun on the judge's own model while it judges, so that a request of that model's category pays
//! nothing for being judged. Nothing of it reaches the client before the verdict.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use routing::decision::fits;
use routing::{ModelId, Needs, Router};
use tokio::time::Instant;

use crate::request::Context;
use crate::request::forward::Asked;
use crate::request::forward::call::{Ask, Called, Callee, Deadline, call};

/// A begun answer; dropping it cancels the call.
pub(crate) struct Speculation {
    /// Who answers.
    pub(crate) model: ModelId,
    /// Since when.
    pub(crate) began: Instant,
    answering: Pin<Box<dyn Future<Output = Called> + Send>>,
    called: Option<Called>,
}

impl std::fmt::Debug for Speculation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Speculation").field("model", &self.model).finish_non_exhaustive()
    }
}

impl Speculation {
    /// Begins the answer where the router wants that, the judge's model is some category's first, and it could answer.
    pub(super) fn begin(
        context: &Context,
        router: &Router,
        (operation, body, request): Asked<'_>,
        needs: &Needs,
        deadline: Option<Instant>,
    ) -> Option<Self> {
        let model = router.classifying.model.filter(|_| router.classifying.speculate)?;
        let callee = Callee::of(&context.snapshot.config, model)?;
        let serves = router.categories.iter().any(|category| category.models.first() == Some(&model));
        let free = context.snapshot.state(model, context.app.now()) == 0;
        if !(serves && free && fits(callee.model, needs)) {
            return None;
        }
        let pieces = callee.outgoing(body, request, None, true).ok()?;
        let began = Instant::now();
        let ask = Ask {
            operation,
            pieces,
            stream: request.stream,
            wants_usage: request.wants_usage,
            deadline: Deadline::within(began + callee.provider.timeouts.total, deadline),
            created: context.app.wall_seconds(),
        };
        let context = context.clone();
        let answering = Box::pin(async move {
            match Callee::of(&context.snapshot.config, model) {
                Some(callee) => call(&context.app.client, &callee, ask).await,
                None => Called::Failed(routing::Outcome::Abandoned.into()),
            }
        });
        Some(Self { model, began, answering, called: None })
    }

    /// Waits for something else while the answer comes.
    pub(super) async fn beside<T>(&mut self, other: impl Future<Output = T>) -> T {
        let mut other = pin!(other);
        poll_fn(|context| {
            if self.called.is_none()
                && let Poll::Ready(called) = self.answering.as_mut().poll(context)
            {
                self.called = Some(called);
            }
            other.as_mut().poll(context)
        })
        .await
    }

    /// What the call comes to.
    pub(crate) async fn answer(self) -> Called {
        match self.called {
            Some(called) => called,
            None => self.answering.await,
        }
    }
}
